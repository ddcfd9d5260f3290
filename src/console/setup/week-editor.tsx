/** A week, an hour a square; or exactly, as text. Pressing and drawing over squares arms or disarms them. */
import { useRef, useState } from 'react';
import { weekdayNames } from '../text/format.js';
import { useText } from '../text/i18n.js';
import { formatSpans, hourState, parseSpans, setHour, type Span, type Week } from './weekly.js';

const hours = Array.from({ length: 24 }, (_, hour) => hour);

export function WeekEditor({ week, onChange }: { week: Week; onChange?: (week: Week) => void }) {
  const { t, language } = useText();
  const names = weekdayNames(language);
  const painting = useRef<boolean | null>(null);
  const paint = (day: number, hour: number, on: boolean): void => onChange?.(week.map((spans, d) => (d === day ? setHour(spans, hour, on) : spans)));
  return (
    <div className="week" data-testid="week" onPointerUp={() => (painting.current = null)} onPointerLeave={() => (painting.current = null)}>
      <div className="week-row week-hours" aria-hidden="true">
        <span />
        <div className="week-cells">
          {hours.map((hour) => (
            <span key={hour}>{hour % 3 === 0 ? hour : ''}</span>
          ))}
        </div>
      </div>
      {week.map((spans, day) => (
        <div className="week-row" key={day}>
          <span>{names[day]}</span>
          <div className="week-cells" aria-hidden="true">
            {hours.map((hour) => {
              const state = hourState(spans, hour);
              return (
                <i
                  key={hour}
                  className={`hour hour-${state}`}
                  data-testid={`hour-${day}-${hour}`}
                  data-state={state}
                  onPointerDown={(event) => {
                    if (!onChange) return;
                    event.currentTarget.releasePointerCapture(event.pointerId);
                    painting.current = state !== 'on';
                    paint(day, hour, painting.current);
                  }}
                  onPointerEnter={() => painting.current !== null && paint(day, hour, painting.current)}
                />
              );
            })}
          </div>
          {onChange ? <DayText label={t('week.day', { day: names[day] ?? '' })} spans={spans} onChange={(next) => onChange(week.map((s, d) => (d === day ? next : s)))} /> : <span className="week-text num">{formatSpans(spans) || '—'}</span>}
        </div>
      ))}
    </div>
  );
}

/** The spans of a day as text; taken over when they can be read, else marked. */
function DayText({ label, spans, onChange }: { label: string; spans: readonly Span[]; onChange: (spans: Span[]) => void }) {
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? formatSpans(spans);
  const wrong = typed !== null && parseSpans(typed) === null;
  return (
    <input
      className="week-text"
      aria-label={label}
      aria-invalid={wrong}
      value={text}
      placeholder="22:00–24:00"
      onChange={(e) => {
        setTyped(e.target.value);
        const next = parseSpans(e.target.value);
        if (next) onChange(next);
      }}
      onBlur={() => {
        if (!wrong) setTyped(null);
      }}
    />
  );
}
