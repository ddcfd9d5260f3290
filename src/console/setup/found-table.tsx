/** Devices as they were found: what they call themselves, where they answered, and whether they are registered. */
import type { Discovered } from '../../contract/registry.js';
import { Icon } from '../shell/icons.js';
import { hrefOf } from '../shell/route.js';
import { useText } from '../text/i18n.js';
import { addressOf, deviceName } from './found-device.js';

interface FoundTableProps {
  devices: readonly Discovered[];
  cameraOf: (device: Discovered) => string | undefined;
  onAdd: (device: Discovered) => void;
  testId: string;
}

export function FoundTable({ devices, cameraOf, onAdd, testId }: FoundTableProps) {
  const { t } = useText();
  return (
    <div className="scroll">
      <table data-testid={testId}>
        <thead>
          <tr>
            <th>{t('find.device')}</th>
            <th>{t('field.address')}</th>
            <th>{t('find.interface')}</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {devices.map((device) => {
            const cameraId = cameraOf(device);
            return (
              <tr key={`${device.endpointReference} ${device.address}`} data-testid="found-row">
                <td>
                  <b>{deviceName(device)}</b>
                  <div className="muted hash">{[device.endpointReference.startsWith('address:') ? null : device.endpointReference, device.macAddress].filter(Boolean).join(' · ')}</div>
                </td>
                <td className="num">
                  {addressOf(device)}
                  {device.moved && (
                    <div className="bad">
                      <Icon name="warn" size={13} /> {t('find.moved')}
                    </div>
                  )}
                </td>
                <td className="num">
                  {device.interfaces.join(', ')} <span className="muted">{t(`find.via.${device.via}`)}</span>
                </td>
                <td className="end">
                  {cameraId ? (
                    <a href={hrefOf({ page: 'camera', cameraId })}>{t('find.registered')}</a>
                  ) : (
                    <button type="button" className="small" onClick={() => onAdd(device)} data-testid="found-add">
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
  );
}
