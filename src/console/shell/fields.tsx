/** Labelled fields with a hint. A form keeps its draft as text; what goes to the API is made when it is sent. */
import { useId, type HTMLInputTypeAttribute, type ReactNode } from 'react';

interface FieldProps {
  label: string;
  hint?: string | undefined;
  required?: boolean;
  children: (ids: { id: string; 'aria-describedby': string | undefined }) => ReactNode;
  wide?: boolean;
}

export function Field({ label, hint, required = false, children, wide = false }: FieldProps) {
  const id = useId();
  return (
    <div className={wide ? 'field wide' : 'field'}>
      <label htmlFor={id}>
        {label}
        {required && <span aria-hidden="true" className="must"> *</span>}
      </label>
      {children({ id, 'aria-describedby': hint ? `${id}-hint` : undefined })}
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface TextFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: string | undefined;
  required?: boolean;
  type?: HTMLInputTypeAttribute;
  min?: number | string;
  max?: number | string;
  step?: number | string;
  minLength?: number;
  autoComplete?: string;
  placeholder?: string;
  wide?: boolean;
  long?: boolean;
  autoFocus?: boolean;
  testId?: string;
}

export function TextField({ label, value, onChange, hint, required = false, wide = false, long = false, testId, type = 'text', ...rest }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} required={required} wide={wide}>
      {(ids) =>
        long ? (
          <textarea {...ids} rows={2} value={value} required={required} placeholder={rest.placeholder} data-testid={testId} onChange={(e) => onChange(e.target.value)} />
        ) : (
          <input {...ids} {...rest} type={type} value={value} required={required} data-testid={testId} autoComplete={rest.autoComplete ?? 'off'} onChange={(e) => onChange(e.target.value)} />
        )
      }
    </Field>
  );
}

interface SelectFieldProps<T extends string> {
  label: string;
  value: T | '';
  onChange: (value: T) => void;
  options: readonly { value: T; label: string; disabled?: boolean }[];
  hint?: string | undefined;
  required?: boolean;
  /** what stands there before a choice is made */
  empty?: string;
  testId?: string;
}

export function SelectField<T extends string>({ label, value, onChange, options, hint, required = false, empty, testId }: SelectFieldProps<T>) {
  return (
    <Field label={label} hint={hint} required={required}>
      {(ids) => (
        <select {...ids} value={value} required={required} data-testid={testId} onChange={(e) => onChange(e.target.value as T)}>
          {empty !== undefined && <option value="">{empty}</option>}
          {options.map((o) => (
            <option key={o.value} value={o.value} disabled={o.disabled}>
              {o.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function CheckField({ label, checked, onChange, hint, testId }: { label: string; checked: boolean; onChange: (on: boolean) => void; hint?: string; testId?: string }) {
  const id = useId();
  return (
    <div className="field check">
      <input type="checkbox" id={id} checked={checked} data-testid={testId} onChange={(e) => onChange(e.target.checked)} />
      <label htmlFor={id}>{label}</label>
      {hint && <p className="hint">{hint}</p>}
    </div>
  );
}

/** Empty text is "not known", anything else a number. */
export function numberOrNull(text: string): number | null {
  return text.trim() === '' ? null : Number(text);
}
