/** Every camera on its way to "commissioned": grouped by what keeps it, climbed and checked by the hundred. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Camera, Rung } from '../../contract/camera.js';
import { keys, useCameras } from '../api/queries.js';
import { registerApi } from '../api/register-endpoints.js';
import { useSession } from '../session/session-context.js';
import { Icon, type IconName } from '../shell/icons.js';
import { ProblemBox } from '../shell/notices.js';
import { hrefOf } from '../shell/route.js';
import { useText } from '../text/i18n.js';
import { groupCameras, type OnboardGroup, type Standing } from './onboard-groups.js';

const signs: Record<Standing['group'], IconName> = { failed: 'unreachable', refused: 'warn', unprobed: 'paused', ready: 'online', commissioned: 'good' };
/** Checklists that run at once: each speaks with its device for some seconds, and the page need not be the bottleneck. */
const checklistsAtOnce = 6;

interface Work {
  readonly done: number;
  readonly total: number;
}

export function Onboard() {
  const { t } = useText();
  const { siteId, sites, can } = useSession();
  const queries = useQueryClient();
  const query = useCameras();
  const [fresh, setFresh] = useState<ReadonlyMap<string, Rung[]>>(new Map());
  const [work, setWork] = useState<Work | null>(null);
  const [error, setError] = useState<unknown>(null);
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);

  const cameras = (query.data ?? []).filter((c) => can('editCameras', c.siteId) && (siteId === null || c.siteId === siteId)).map((c) => ({ ...c, onboarding: fresh.get(c.id) ?? c.onboarding }));
  const groups = groupCameras(cameras);
  const site = siteId ?? (sites.length === 1 ? sites[0]?.id : undefined);

  const run = async (total: number, job: (signal: AbortSignal, did: () => void) => Promise<void>): Promise<void> => {
    const control = new AbortController();
    stop.current = control;
    setError(null);
    setWork({ done: 0, total });
    try {
      await job(control.signal, () => setWork((w) => w && { ...w, done: w.done + 1 }));
    } catch (thrown) {
      if (!control.signal.aborted) setError(thrown);
    } finally {
      setWork(null);
      await queries.invalidateQueries({ queryKey: keys.cameras });
      setFresh(new Map());
    }
  };
  const probe = (list: readonly Camera[]): void =>
    void run(list.length, (signal, did) =>
      registerApi.probeMany(list.map((c) => c.id), ({ cameraId, rungs }) => {
        setFresh((f) => new Map(f).set(cameraId, rungs));
        did();
      }, signal),
    );
  const commission = (list: readonly Camera[]): void =>
    void run(list.length, async (signal, did) => {
      const waiting = [...list];
      const next = async (): Promise<void> => {
        for (let camera = waiting.shift(); camera; camera = waiting.shift()) {
          await registerApi.commission(camera.id, () => undefined, signal);
          did();
        }
      };
      await Promise.all(Array.from({ length: checklistsAtOnce }, next));
    });

  return (
    <>
      <div className="panel">
        <div className="toolbar">
          <button type="button" className="primary" disabled={work !== null || cameras.length === 0} onClick={() => probe(cameras)} data-testid="probe-all">
            <Icon name="refresh" />
            {t('onboard.probe', { count: cameras.length })}
          </button>
          {site !== undefined && (
            <a className="button" href={hrefOf({ page: 'print', siteId: site })} data-testid="print-link">
              {t('onboard.print')}
            </a>
          )}
          {work && (
            <>
              <span className="muted num" role="status">
                {t('onboard.running', { ...work })}
              </span>
              <button type="button" onClick={() => stop.current?.abort()}>
                {t('find.stop')}
              </button>
            </>
          )}
        </div>
        {work && <progress value={work.done} max={work.total} aria-label={t('onboard.running', { ...work })} />}
        <ProblemBox error={error ?? query.error} />
        {query.isSuccess && cameras.length === 0 && <p className="muted">{t('onboard.no-cameras')}</p>}
        {cameras.length > 0 && groups.every((g) => g.standing.group === 'commissioned') && <p className="note">{t('onboard.none')}</p>}
      </div>
      {groups.map((group) => (
        <Group key={group.key} group={group} busy={work !== null} onProbe={probe} onCommission={commission} />
      ))}
    </>
  );
}

interface GroupProps {
  group: OnboardGroup<Camera>;
  busy: boolean;
  onProbe: (cameras: readonly Camera[]) => void;
  onCommission: (cameras: readonly Camera[]) => void;
}

function Group({ group: { standing, cameras, key }, busy, onProbe, onCommission }: GroupProps) {
  const { t } = useText();
  const climbs = standing.group === 'failed' || standing.group === 'unprobed';
  const title = standing.group === 'failed' ? t('onboard.group.failed', { rung: t(`rung.${standing.rung.name}`) }) : t(`onboard.group.${standing.group}`);
  return (
    <details className={`panel onboard-group onboard-${standing.group}`} open={standing.group !== 'commissioned'} data-testid="onboard-group" data-group={key}>
      <summary>
        <Icon name={signs[standing.group]} /> <b>{title}</b> <span className="tag num">{cameras.length}</span>
      </summary>
      <div className="toolbar">
        <button type="button" className="small" disabled={busy} onClick={() => (climbs ? onProbe(cameras) : onCommission(cameras))} data-testid="group-run">
          {climbs ? t('onboard.probe', { count: cameras.length }) : t('onboard.commission', { count: cameras.length })}
        </button>
      </div>
      <div className="scroll tall">
        <table>
          <tbody>
            {cameras.map((camera) => {
              const failed = camera.onboarding.find((r) => r.status === 'fail');
              return (
                <tr key={camera.id} data-testid="onboard-row">
                  <td>
                    <a href={hrefOf({ page: 'camera', cameraId: camera.id })}>{camera.name}</a>
                    <div className="muted num">{camera.address}</div>
                  </td>
                  <td>
                    {failed && (
                      <>
                        <p>
                          <b>{t('onboard.seen')}</b> {failed.seen}
                        </p>
                        <p>
                          <b>{t('onboard.todo')}</b> {failed.todo}
                        </p>
                      </>
                    )}
                    {camera.commissioning && !failed && (
                      <p className="muted">
                        {t('check.status.warn')}: {camera.commissioning.warnings} · {t('check.status.unverified')}: {camera.commissioning.unverified}
                      </p>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </details>
  );
}
