/**
 * The zones over the picture, and the one that is being drawn or changed. Clicks set corners until the outline is
 * closed; then corners are dragged, added in the middle of a side, and taken away. All of it works by keys as well.
 */
import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import type { Zone } from '../../contract/zone.js';
import { Icon, type IconName } from '../shell/icons.js';
import { useText } from '../text/i18n.js';
import { centreOf, closes, pointAt, svgPoints, type ZonePoint } from './zone-drawing.js';
import { cornerInserted, cornerMoved, cornerRemoved, shifted, snapped, withCorner, withoutLast, type Sketch } from './zone-sketch.js';

/** Nearer than this to the picture's edge a corner lies on it. */
const snapPx = 10;
export const zoneIcon: Record<Zone['kind'], IconName> = { guard: 'bell', privacy: 'mask', ignore: 'cross' };

interface CanvasProps {
  zones: readonly Zone[];
  hot: string | null;
  /** the zone that is being changed: drawn as the sketch */
  editingId: string | null;
  sketch: Sketch | null;
  kind: Zone['kind'];
  faulty: boolean;
  selected: number | null;
  onSelect: (corner: number | null) => void;
  onSketch: (change: (sketch: Sketch) => Sketch, gesture?: string) => void;
  onSettled: () => void;
  /** somebody wants to close what may be at fault */
  onFinish: () => void;
}

type Grip = { readonly what: 'corner'; readonly index: number; readonly gesture: string } | { readonly what: 'all'; readonly from: ZonePoint; readonly start: Sketch; readonly gesture: string };

export function ZoneCanvas({ zones, hot, editingId, sketch, kind, faulty, selected, onSelect, onSketch, onSettled, onFinish }: CanvasProps) {
  const { t } = useText();
  const frame = useRef<HTMLDivElement>(null);
  const grip = useRef<Grip | null>(null);
  const [aim, setAim] = useState<ZonePoint>([0.5, 0.5]);
  const setting = sketch !== null && !sketch.closed;
  const shaping = sketch?.closed === true;

  const snap = (at: ZonePoint, free: boolean): ZonePoint => {
    const rect = frame.current?.getBoundingClientRect();
    return free || !rect ? at : snapped(at, snapPx / rect.width, snapPx / rect.height);
  };
  const placeOf = (event: PointerEvent): ZonePoint | null => {
    const rect = frame.current?.getBoundingClientRect();
    return rect ? snap(pointAt(event.clientX - rect.left, event.clientY - rect.top, rect.width, rect.height), event.altKey) : null;
  };
  const set = (at: ZonePoint): void => {
    if (!sketch) return;
    if (closes(sketch.points, at)) onFinish();
    else onSketch((s) => withCorner(s, at));
  };

  const take = (event: PointerEvent, next: Grip): void => {
    if (event.button !== 0) return;
    event.stopPropagation();
    event.preventDefault();
    (event.currentTarget as HTMLElement).focus({ preventScroll: true });
    frame.current?.setPointerCapture(event.pointerId);
    grip.current = next;
  };
  const drag = (event: PointerEvent): void => {
    const at = placeOf(event);
    const held = grip.current;
    if (!at) return;
    if (held?.what === 'corner') onSketch((s) => cornerMoved(s, held.index, at), held.gesture);
    else if (held?.what === 'all') onSketch(() => shifted(held.start, at[0] - held.from[0], at[1] - held.from[1]), held.gesture);
    else if (setting) setAim(at);
  };
  const release = (): void => {
    if (grip.current) onSettled();
    grip.current = null;
  };

  const onAimKey = (event: KeyboardEvent): void => {
    const by = stepOf(event, 0.01, 0.05);
    if (by) setAim(snap(pointAt(aim[0] + by[0], aim[1] + by[1], 1, 1), false));
    else if (event.key === ' ') set(aim);
    else if (event.key === 'Enter') onFinish();
    else if (event.key === 'Backspace') onSketch(withoutLast);
    else return;
    event.preventDefault();
  };
  const onCornerKey = (event: KeyboardEvent, index: number): void => {
    const by = stepOf(event, 0.0025, 0.025);
    const held = sketch?.points[index];
    if (by && held) onSketch((s) => cornerMoved(s, index, [held[0] + by[0], held[1] + by[1]]), `key:${index}`);
    else if (event.key === 'Delete' || event.key === 'Backspace') {
      onSketch((s) => cornerRemoved(s, index));
      onSelect(null);
    } else if (event.key === 'Insert' || event.key === '+') onSketch((s) => cornerInserted(s, index));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const points = sketch?.points ?? [];
  return (
    <div ref={frame} className={`zone-frame ${sketch ? 'active' : ''}`} onPointerMove={sketch ? drag : undefined} onPointerUp={release} onPointerCancel={release}>
      <svg
        className={`zones ${setting ? 'active' : ''}`}
        viewBox="0 0 1000 1000"
        preserveAspectRatio="none"
        role={setting ? 'application' : 'img'}
        aria-label={setting ? t('zone.canvas') : t('zone.overlay', { count: zones.length })}
        tabIndex={setting ? 0 : -1}
        onPointerDown={(event) => {
          const at = setting && event.button === 0 ? placeOf(event) : null;
          if (at) set(at);
        }}
        onKeyDown={setting ? onAimKey : undefined}
        data-testid="zone-canvas"
      >
        {zones.filter((z) => z.id !== editingId).map((zone) => (
          <g key={zone.id} className={`zone zone-${zone.kind} ${hot === zone.id ? 'hot' : ''} ${sketch ? 'dim' : ''}`} data-testid="zone">
            <ZoneShape points={zone.polygon} />
          </g>
        ))}
        {points.length > 0 && (
          <g className={`zone zone-new zone-${kind} ${faulty ? 'faulty' : ''}`} data-testid="zone-new">
            {shaping ? (
              <ZoneShape points={points} onDown={(event) => { const at = placeOf(event); if (at && sketch) take(event, { what: 'all', from: at, start: sketch, gesture: `all:${event.timeStamp}` }); }} />
            ) : (
              <polyline points={svgPoints([...points, aim])} vectorEffect="non-scaling-stroke" />
            )}
          </g>
        )}
        {setting && <path className="aim" d={`M${aim[0] * 1000 - 12} ${aim[1] * 1000}h24M${aim[0] * 1000} ${aim[1] * 1000 - 18}v36`} vectorEffect="non-scaling-stroke" />}
      </svg>
      {zones.filter((z) => z.id !== editingId).map((zone) => (
        <span key={zone.id} className={`zone-name zone-${zone.kind} ${hot === zone.id ? 'hot' : ''} ${sketch ? 'dim' : ''}`} style={spot(centreOf(zone.polygon))}>
          <Icon name={zoneIcon[zone.kind]} size={12} />
          {zone.name}
        </span>
      ))}
      {setting && points.map((p, i) => <i key={i} className={`corner-dot ${i === 0 && points.length > 2 ? 'first' : ''}`} style={spot(p)} />)}
      {shaping &&
        points.map((p, i) => {
          const next = points[(i + 1) % points.length] ?? p;
          const middle: ZonePoint = [(p[0] + next[0]) / 2, (p[1] + next[1]) / 2];
          return (
            <button
              key={`m${i}`}
              type="button"
              className="corner-add"
              style={spot(middle)}
              aria-label={t('zone.corner.add', { n: i + 1 })}
              data-testid="corner-add"
              onPointerDown={(event) => {
                const gesture = `insert:${event.timeStamp}`;
                onSketch((s) => cornerInserted(s, i, middle), gesture);
                onSelect(i + 1);
                take(event, { what: 'corner', index: i + 1, gesture });
              }}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' && event.key !== ' ') return;
                event.preventDefault();
                onSketch((s) => cornerInserted(s, i, middle));
              }}
            />
          );
        })}
      {shaping &&
        points.map((p, i) => (
          <button
            key={i}
            type="button"
            className={`corner ${selected === i ? 'selected' : ''}`}
            style={spot(p)}
            aria-label={t('zone.corner', { n: i + 1, of: points.length, x: Math.round(p[0] * 100), y: Math.round(p[1] * 100) })}
            aria-pressed={selected === i}
            data-testid="corner"
            onFocus={() => onSelect(i)}
            onPointerDown={(event) => {
              onSelect(i);
              take(event, { what: 'corner', index: i, gesture: `corner:${event.timeStamp}` });
            }}
            onDoubleClick={() => {
              onSketch((s) => cornerRemoved(s, i));
              onSelect(null);
            }}
            onKeyDown={(event) => onCornerKey(event, i)}
            onKeyUp={onSettled}
          />
        ))}
      {setting && points.length === 0 && <p className="zone-begin">{t('zone.begin')}</p>}
    </div>
  );
}

/** The outline twice: a dark one below, so that it shows on snow and on soot. */
function ZoneShape({ points, onDown }: { points: readonly ZonePoint[]; onDown?: (event: PointerEvent) => void }) {
  return (
    <>
      <polygon className="zone-casing" points={svgPoints(points)} vectorEffect="non-scaling-stroke" />
      <polygon className="zone-line" points={svgPoints(points)} vectorEffect="non-scaling-stroke" onPointerDown={onDown} />
    </>
  );
}

const spot = ([x, y]: ZonePoint) => ({ left: `${x * 100}%`, top: `${y * 100}%` });

function stepOf(event: KeyboardEvent, small: number, large: number): readonly [number, number] | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const by = event.shiftKey ? large : small;
  return ({ ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] } as Record<string, [number, number]>)[event.key] ?? null;
}
