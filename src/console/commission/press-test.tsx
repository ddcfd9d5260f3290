/** The test of a panic button: somebody presses it, and the page says whether and how fast it came through. */
import { useEffect, useRef, useState } from 'react';
import type { PressTest } from '../../contract/commissioning.js';
import { registerApi } from '../api/register-endpoints.js';
import { Icon } from '../shell/icons.js';
import { useNotices } from '../shell/notices.js';
import { useText } from '../text/i18n.js';

const waitMs = 60_000;

export function PressTestButton({ cameraId }: { cameraId: string }) {
  const { t } = useText();
  const { tellError } = useNotices();
  const [left, setLeft] = useState<number | null>(null);
  const [result, setResult] = useState<PressTest | null>(null);
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);
  const waiting = left !== null;
  useEffect(() => {
    if (!waiting) return undefined;
    const timer = setInterval(() => setLeft((l) => (l === null ? null : Math.max(0, l - 1))), 1_000);
    return () => clearInterval(timer);
  }, [waiting]);

  const test = (): void => {
    const control = new AbortController();
    stop.current = control;
    setResult(null);
    setLeft(waitMs / 1000);
    registerApi.pressTest(cameraId, waitMs, control.signal).then(setResult, (error: unknown) => !control.signal.aborted && tellError(error)).finally(() => setLeft(null)).catch(() => undefined);
  };
  return (
    <>
      <button type="button" disabled={waiting} onClick={test} data-testid="press-test">
        <Icon name="input" />
        {waiting ? t('commission.press.waiting', { seconds: left }) : t('commission.press')}
      </button>
      {waiting && (
        <button type="button" onClick={() => stop.current?.abort()}>
          {t('find.stop')}
        </button>
      )}
      {result && (
        <p className={result.status === 'seen' ? 'note' : 'note bad'} role="status" data-testid="press-result" data-status={result.status}>
          <b>{t(`commission.press.${result.status}`)}</b> {result.seen}
        </p>
      )}
    </>
  );
}
