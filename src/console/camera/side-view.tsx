/** The camera from the side: its pole, what it sees of the ground, and the blind ground below it. Not to scale. */
import type { Pose } from '../../contract/camera.js';
import { longestReachM, reachOf } from '../map/ground-cone.js';
import { useText } from '../text/i18n.js';

const [left, right, ground] = [26, 312, 92];

export function SideView({ pose, aspect }: { pose: Pose; aspect: number }) {
  const { t } = useText();
  const reach = reachOf(pose, aspect);
  const metres = (m: number): string => (m < 10 ? m.toFixed(1) : String(Math.round(m)));
  const said =
    reach.status === 'unknown' ? t('place.reach.unknown')
    : reach.status === 'sky' ? t('place.reach.sky')
    : reach.farM === null ? t('place.reach.horizon', { near: metres(reach.nearM) })
    : t('place.reach.known', { near: metres(reach.nearM), far: metres(reach.farM) });
  const top = ground - 18 - (Math.min(12, pose.mountHeightM ?? 4) / 12) * 58;
  const farM = reach.status === 'known' ? Math.min(longestReachM, reach.farM ?? longestReachM) : 0;
  const scale = (right - left - 10) / Math.max(12, farM);
  const x = (m: number): number => left + Math.min(m, farM) * scale;
  return (
    <figure className="side-view">
      <svg viewBox="0 0 320 112" role="img" aria-label={said}>
        {reach.status === 'known' && (
          <>
            <path className="seen" d={`M${left} ${top}L${x(reach.nearM)} ${ground}H${x(farM)}${reach.farM === null || reach.farM > longestReachM ? `V${Math.min(ground - 6, top + 4)}` : ''}Z`} />
            {reach.nearM > 0.2 && <path className="blind" d={`M${left} ${ground + 1.5}H${x(reach.nearM)}`} />}
            <path className="seen-ground" d={`M${x(reach.nearM)} ${ground + 1.5}H${x(farM)}`} />
            <text x={x(reach.nearM)} y={ground + 15} textAnchor={x(reach.nearM) < 60 ? 'start' : 'middle'}>{metres(reach.nearM)} m</text>
            {x(farM) - x(reach.nearM) > 60 && <text x={x(farM)} y={ground + 15} textAnchor="end">{reach.farM === null ? '∞' : `${metres(reach.farM)} m`}</text>}
          </>
        )}
        <path className="ground" d={`M6 ${ground}H314`} />
        <path className="pole" d={`M${left} ${ground}V${top}`} />
        <g transform={`translate(${left} ${top}) rotate(${Math.max(-90, Math.min(90, pose.tiltDeg ?? 0))})`}>
          <rect className="body" x="-7" y="-5" width="18" height="10" rx="2" />
          <path className="body" d="M11-3l4-2v10l-4-2z" />
        </g>
        {pose.mountHeightM !== null && <text x={left + 5} y={ground - 5}>{pose.mountHeightM} m</text>}
      </svg>
      <figcaption data-testid="reach">{said}</figcaption>
    </figure>
  );
}
