/** Asks the network which ONVIF devices are there, shows each as it answers, and takes one or all of them in. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Discovered, DiscoveryProgress } from '../../contract/registry.js';
import { useCameras } from '../api/queries.js';
import { registerApi } from '../api/register-endpoints.js';
import { Dialog } from '../shell/dialog.js';
import { CheckField, TextField } from '../shell/fields.js';
import { Icon } from '../shell/icons.js';
import { ProblemBox } from '../shell/notices.js';
import { useText } from '../text/i18n.js';
import { AddCamera } from './add-camera.js';
import { AddFound } from './add-found.js';
import { addressOf, deviceName } from './found-device.js';
import { FoundTable } from './found-table.js';

type Find = { readonly status: 'idle' | 'busy' | 'done' | 'failed'; readonly error?: unknown };

export function FindCameras() {
  const { t } = useText();
  const cameras = useCameras().data ?? [];
  const announced = useQuery({ queryKey: ['announced'], queryFn: ({ signal }) => registerApi.announced(signal), refetchInterval: 15_000 }).data?.items ?? [];
  const [found, setFound] = useState<ReadonlyMap<string, Discovered>>(new Map());
  const [progress, setProgress] = useState<DiscoveryProgress | null>(null);
  const [find, setFind] = useState<Find>({ status: 'idle' });
  const [sweep, setSweep] = useState('');
  const [force, setForce] = useState(false);
  const [bridges, setBridges] = useState(false);
  const [adding, setAdding] = useState<readonly Discovered[] | null>(null);
  const [added, setAdded] = useState<ReadonlyMap<string, string>>(new Map());
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);

  const start = (): void => {
    const run = new AbortController();
    stop.current = run;
    setFound(new Map());
    setProgress(null);
    setFind({ status: 'busy' });
    const blocks = sweep.split(/[\s,;]+/).filter((b) => b !== '');
    registerApi.discover({ sweep: blocks, bridges, force }, { device: (d) => setFound((f) => new Map(f).set(keyOf(d), d)), progress: setProgress }, run.signal).then(
      () => setFind({ status: 'done' }),
      (error: unknown) => setFind(run.signal.aborted ? { status: 'done' } : { status: 'failed', error }),
    );
  };

  const cameraOf = (device: Discovered): string | undefined => added.get(keyOf(device)) ?? device.cameraId ?? cameras.find((c) => c.endpointReference === device.endpointReference)?.id;
  const devices = [...found.values()];
  const news = devices.filter((d) => cameraOf(d) === undefined);
  const strangers = announced.filter((d) => cameraOf(d) === undefined && !found.has(keyOf(d)));
  const one = adding?.length === 1 ? adding[0] : undefined;
  const busy = find.status === 'busy';
  return (
    <>
      <div className="panel">
        <div className="toolbar">
          <button type="button" className="primary" disabled={busy} onClick={start} data-testid="find">
            <Icon name="search" />
            {busy ? t('find.busy') : t('find.start')}
          </button>
          {busy && (
            <button type="button" onClick={() => stop.current?.abort()} data-testid="find-stop">
              {t('find.stop')}
            </button>
          )}
          {news.length > 1 && !busy && (
            <button type="button" onClick={() => setAdding(news)} data-testid="find-add-all">
              <Icon name="plus" />
              {t('find.add-all', { count: news.length })}
            </button>
          )}
          <span className="muted" role="status">
            {(busy || find.status === 'done') && t('find.found', { count: devices.length })}
          </span>
        </div>
        <div className="form columns find-options">
          <TextField label={t('find.sweep')} value={sweep} onChange={setSweep} hint={t('find.sweep.hint')} placeholder="192.168.1.0/24" testId="find-sweep" />
          <div className="field">
            <CheckField label={t('find.force')} checked={force} onChange={setForce} />
            <CheckField label={t('find.bridges')} checked={bridges} onChange={setBridges} />
          </div>
        </div>
        {busy && (progress && progress.total > 0 ? <progress value={progress.asked} max={progress.total} aria-label={t('find.busy')} /> : <progress aria-label={t('find.busy')} />)}
        {progress && <Scanning progress={progress} />}
        <ProblemBox error={find.error} />
        {find.status === 'done' && devices.length === 0 && <p className="note">{t('find.nothing')}</p>}
        {devices.length > 0 && <FoundTable devices={devices} cameraOf={cameraOf} onAdd={(d) => setAdding([d])} testId="found" />}
      </div>
      {strangers.length > 0 && (
        <div className="panel" data-testid="announced">
          <p className="muted">{t('find.announced', { count: strangers.length })}</p>
          <FoundTable devices={strangers} cameraOf={cameraOf} onAdd={(d) => setAdding([d])} testId="announced-table" />
        </div>
      )}
      {one && (
        <Dialog title={t('find.add-device', { device: deviceName(one) })} onClose={() => setAdding(null)} wide>
          <AddCamera
            found={{ name: one.name ?? '', address: addressOf(one) }}
            onCancel={() => setAdding(null)}
            onAdded={(camera) => {
              setAdded((a) => new Map(a).set(keyOf(one), camera.id));
              setAdding(null);
            }}
          />
        </Dialog>
      )}
      {adding && adding.length > 1 && <AddFound devices={adding} onClose={() => setAdding(null)} />}
    </>
  );
}

/** A device that tells no endpoint reference is known by its address. */
function keyOf(device: Discovered): string {
  return `${device.endpointReference} ${device.endpointReference.startsWith('address:') ? device.address : ''}`;
}

/** Which networks are asked, and which are not: nobody should wonder why a camera is missing. */
function Scanning({ progress }: { progress: DiscoveryProgress }) {
  const { t } = useText();
  return (
    <p className="hint" data-testid="scanning">
      {t('find.scanning')}: {progress.scanning.map((s) => (s.interface === null ? s.network : `${s.interface} (${s.network})`)).join(', ') || '—'}
      {progress.total > 0 && ` · ${t('find.asked', { asked: progress.asked, total: progress.total })}`}
      {progress.skipped.length > 0 && ` · ${t('find.skipped')}: ${progress.skipped.map((s) => `${s.interface} (${s.reason})`).join(', ')}`}
    </p>
  );
}
