/** Asks the network which ONVIF devices are there, and takes each into the form with one press. */
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Discovered } from '../../contract/registry.js';
import { api } from '../api/endpoints.js';
import { useCameras } from '../api/queries.js';
import { Dialog } from '../shell/dialog.js';
import { Icon } from '../shell/icons.js';
import { ProblemBox } from '../shell/notices.js';
import { hrefOf } from '../shell/route.js';
import { useText } from '../text/i18n.js';
import { AddCamera } from './add-camera.js';
import { addressOf, deviceName } from './found-device.js';

export function FindCameras() {
  const { t } = useText();
  const cameras = useCameras().data ?? [];
  const [adding, setAdding] = useState<Discovered | null>(null);
  const [added, setAdded] = useState<ReadonlyMap<string, string>>(new Map());
  const find = useMutation({
    mutationFn: async () => (await api.discover()).items,
  });
  const found = find.data ?? [];
  return (
    <>
      <div className="panel">
        <div className="toolbar">
          <button type="button" className="primary" disabled={find.isPending} onClick={() => find.mutate()} data-testid="find">
            <Icon name="search" />
            {find.isPending ? t('find.busy') : t('find.start')}
          </button>
          <span className="muted" role="status">
            {find.isSuccess && t('find.found', { count: found.length })}
          </span>
        </div>
        {find.isPending && <progress aria-label={t('find.busy')} />}
        <ProblemBox error={find.error} />
        {find.isSuccess && found.length === 0 && <p className="note">{t('find.nothing')}</p>}
        {found.length > 0 && (
          <div className="scroll">
            <table data-testid="found">
              <thead>
                <tr>
                  <th>{t('find.device')}</th>
                  <th>{t('field.address')}</th>
                  <th>{t('find.interface')}</th>
                  <th />
                </tr>
              </thead>
              <tbody>
                {found.map((device) => {
                  const cameraId = added.get(device.endpointReference) ?? device.cameraId ?? cameras.find((c) => c.endpointReference === device.endpointReference)?.id;
                  return (
                    <tr key={device.endpointReference} data-testid="found-row">
                      <td>
                        <b>{deviceName(device)}</b>
                        <div className="muted hash">{device.endpointReference}</div>
                      </td>
                      <td className="num">{addressOf(device)}</td>
                      <td className="num">{device.interfaces.join(', ')}</td>
                      <td className="end">
                        {cameraId ? (
                          <a href={hrefOf({ page: 'camera', cameraId })}>{t('find.registered')}</a>
                        ) : (
                          <button type="button" className="small" onClick={() => setAdding(device)} data-testid="found-add">
                            <Icon name="plus" size={14} />
                            {t('find.add')}
                          </button>
                        )}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        )}
      </div>
      {adding && (
        <Dialog title={t('find.add-device', { device: deviceName(adding) })} onClose={() => setAdding(null)} wide>
          <AddCamera
            found={{ name: adding.name ?? '', address: addressOf(adding) }}
            onCancel={() => setAdding(null)}
            onAdded={(camera) => {
              setAdded((a) => new Map(a).set(adding.endpointReference, camera.id));
              setAdding(null);
            }}
          />
        </Dialog>
      )}
    </>
  );
}
