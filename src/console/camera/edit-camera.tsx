/** The same form as for a new camera, with what is known filled in. A password is changed only when one is typed. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Camera } from '../../contract/camera.js';
import type { Draft } from '../api/draft.js';
import { api } from '../api/endpoints.js';
import { keys } from '../api/queries.js';
import { CameraForm } from '../setup/camera-form.js';
import { draftOf } from '../setup/camera-draft.js';
import { Dialog } from '../shell/dialog.js';
import { useNotices } from '../shell/notices.js';
import { useText } from '../text/i18n.js';

export function EditCamera({ camera, onClose }: { camera: Camera; onClose: () => void }) {
  const { t } = useText();
  const { tell } = useNotices();
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: ({ siteId: _siteId, password, ...patch }: Draft) => api.updateCamera(camera.id, password === null ? patch : { ...patch, password }),
    onSuccess: () => {
      tell('ok', t('camera.saved'));
      void queries.invalidateQueries({ queryKey: keys.cameras });
      onClose();
    },
  });
  return (
    <Dialog title={t('camera.edit', { camera: camera.name })} onClose={onClose} wide testId="edit-dialog">
      <CameraForm start={draftOf(camera)} editing busy={save.isPending} error={save.error} onSubmit={(draft) => save.mutate(draft)} onCancel={onClose} />
    </Dialog>
  );
}
