/** A pose in numbers, in step with the handles on the map. Empty means "not known". */
import { useEffect, useState, type KeyboardEvent } from 'react';
import type { Pose } from '../../contract/camera.js';
import { poseLimits, type PoseField } from '../map/pose-edit.js';
import { Field, numberOrNull } from '../shell/fields.js';
import type { TextKey } from '../text/en.js';
import { useText } from '../text/i18n.js';

interface FieldsProps {
  pose: Pose;
  onChange: (change: (pose: Pose) => Pose, gesture: string) => void;
  onSettled: () => void;
}

type Row = readonly [field: PoseField, label: TextKey, slider?: readonly [min: number, max: number]];
const rows: readonly (readonly Row[])[] = [
  [['latitude', 'field.latitude'], ['longitude', 'field.longitude']],
  [['azimuthDeg', 'place.azimuth', [0, 359]], ['horizontalFovDeg', 'place.fov', [1, 180]]],
  [['tiltDeg', 'place.tilt', [-10, 90]], ['mountHeightM', 'place.height', [0, 15]]],
];

export function PoseFields({ pose, onChange, onSettled }: FieldsProps) {
  const { t } = useText();
  return (
    <div className="pose-fields">
      {rows.flat().map(([field, label, slider]) => (
        <PoseNumber
          key={field}
          field={field}
          label={t(label)}
          value={pose[field]}
          slider={slider}
          onSettled={onSettled}
          onChange={(value) => onChange((p) => (p[field] === value ? p : { ...p, [field]: value }), `field:${field}`)}
        />
      ))}
    </div>
  );
}

interface NumberProps {
  field: PoseField;
  label: string;
  value: number | null;
  slider: readonly [min: number, max: number] | undefined;
  onChange: (value: number | null) => void;
  onSettled: () => void;
}

function PoseNumber({ field, label, value, slider, onChange, onSettled }: NumberProps) {
  const { t } = useText();
  const { min, max, step, digits } = poseLimits[field];
  const [text, setText] = useState(value === null ? '' : String(value));
  const read = numberOrNull(text);
  const bad = read !== null && !(read >= min && read <= max);
  // What is being typed ("12.") stays; what a handle or undo made of it does not.
  useEffect(() => {
    setText((held) => (held !== '' && numberOrNull(held) === value ? held : value === null ? '' : String(value)));
  }, [value]);
  const type = (next: string): void => {
    setText(next);
    const number = numberOrNull(next);
    if (number === null || (number >= min && number <= max)) onChange(number);
  };
  // A step that suits the field; as an attribute it would refuse every value between two steps.
  const onArrow = (event: KeyboardEvent): void => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (by === undefined || value === null) return;
    event.preventDefault();
    type(String(Number(Math.min(max, Math.max(min, value + by * step)).toFixed(digits))));
  };
  return (
    <Field label={label} hint={bad ? t('place.range', { min, max }) : undefined}>
      {(ids) => (
        <>
          <input {...ids} type="number" inputMode="decimal" step="any" min={min} max={max} value={text} placeholder={t('place.unknown')} aria-invalid={bad} autoComplete="off" data-testid={`pose-${field}`} onChange={(e) => type(e.target.value)} onKeyDown={onArrow} onBlur={onSettled} />
          {slider && (
            <input type="range" min={slider[0]} max={slider[1]} step={step} value={Math.min(slider[1], Math.max(slider[0], value ?? 0))} aria-label={label} className={value === null ? 'unset' : ''} data-testid={`slide-${field}`} onChange={(e) => type(e.target.value)} onPointerUp={onSettled} onKeyUp={onSettled} />
          )}
        </>
      )}
    </Field>
  );
}
