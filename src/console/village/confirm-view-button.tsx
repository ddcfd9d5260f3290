/** After somebody looked at a camera that moved: its zones are right, the scene is learned anew. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Camera } from '../../contract/camera.js';
import { api } from '../api/endpoints.js';
import { keys } from '../api/queries.js';
import { Confirm } from '../shell/dialog.js';
import { useNotices } from '../shell/notices.js';
import { useText } from '../text/i18n.js';

export function ConfirmViewButton({ camera }: { camera: Camera }) {
  const { t } = useText();
  const { tell, tellError } = useNotices();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const confirm = useMutation({
    mutationFn: () => api.confirmView(camera.id),
    onSuccess: () => {
      tell('ok', t('picture.confirmed', { camera: camera.name }));
      void queries.invalidateQueries({ queryKey: keys.cameras });
    },
    onError: tellError,
  });
  return (
    <>
      <button type="button" className="small" data-testid="confirm-view" disabled={confirm.isPending} onClick={() => setAsking(true)}>
        {t('picture.confirm')}
      </button>
      {asking && (
        <Confirm title={t('picture.confirm')} text={t('picture.confirm.question', { camera: camera.name })} action={t('picture.confirm')} onConfirm={() => confirm.mutate()} onClose={() => setAsking(false)} />
      )}
    </>
  );
}
