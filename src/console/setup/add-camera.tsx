/** A new camera, from nothing or from what discovery found. After it the camera's own page shows the ladder. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Camera } from '../../contract/camera.js';
import { api } from '../api/endpoints.js';
import { keys } from '../api/queries.js';
import { useSession } from '../session/session-context.js';
import { useNotices } from '../shell/notices.js';
import { goTo } from '../shell/route.js';
import { useText } from '../text/i18n.js';
import { emptyDraft, type CameraDraft } from './camera-draft.js';
import { CameraForm } from './camera-form.js';

interface AddCameraProps {
  found?: Partial<CameraDraft>;
  onAdded?: (camera: Camera) => void;
  onCancel?: () => void;
}

export function AddCamera({ found, onAdded, onCancel }: AddCameraProps) {
  const { t } = useText();
  const { tell } = useNotices();
  const { siteId, sites, can } = useSession();
  const queries = useQueryClient();
  const add = useMutation({
    mutationFn: api.createCamera,
    onSuccess: (camera) => {
      tell('ok', t('camera.added', { camera: camera.name }));
      void queries.invalidateQueries({ queryKey: keys.cameras });
      if (onAdded) onAdded(camera);
      else goTo({ page: 'camera', cameraId: camera.id });
    },
  });
  const home = siteId ?? sites.find((s) => can('editCameras', s.id))?.id ?? '';
  return (
    <div className={found ? '' : 'panel'}>
      <CameraForm key={home} start={{ ...emptyDraft(home, Date.now()), ...found }} busy={add.isPending} error={add.error} onSubmit={(draft) => add.mutate(draft)} {...(onCancel && { onCancel })} />
    </div>
  );
}
