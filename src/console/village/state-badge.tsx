/** A camera's state by icon, word and colour together. */
import type { Camera } from '../../contract/camera.js';
import { Icon } from '../shell/icons.js';
import { useText } from '../text/i18n.js';

/** good and online run; the steps of the ladder between need somebody; unreachable is down */
export function toneOf(camera: Pick<Camera, 'state' | 'enabled'>): 'good' | 'fair' | 'poor' | 'down' | 'off' {
  if (!camera.enabled) return 'off';
  switch (camera.state) {
    case 'good':
      return 'good';
    case 'online':
      return 'fair';
    case 'authenticated':
    case 'answering':
    case 'reachable':
      return 'poor';
    case 'unreachable':
      return 'down';
    default:
      return camera.state satisfies never;
  }
}

export function StateBadge({ camera }: { camera: Pick<Camera, 'state' | 'enabled'> }) {
  const { t } = useText();
  return (
    <span className={`badge tone-${toneOf(camera)}`} data-testid="camera-state" data-state={camera.enabled ? camera.state : 'disabled'}>
      <Icon name={camera.enabled ? camera.state : 'paused'} size={14} />
      {camera.enabled ? t(`state.${camera.state}`) : t('state.disabled')}
    </span>
  );
}

/** Which detector paints people and vehicles out here; nothing to say while it is not known. */
export function DetectorBadge({ detector }: { detector: Camera['detector'] }) {
  const { t } = useText();
  if (detector === 'unknown') return null;
  return (
    <span className={`tag ${detector === 'failed' ? 'tag-bad' : ''}`} title={t(`detector.${detector}.hint`)} data-testid="detector">
      <Icon name={detector === 'onnx' ? 'check' : detector === 'failed' ? 'warn' : 'change'} size={12} />
      {t(`detector.${detector}`)}
    </span>
  );
}
