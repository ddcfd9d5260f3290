/** Every picture sign of the page, drawn here: 16 px, in the colour of the text beside it. Signs never stand alone. */
import type { ReactNode } from 'react';
import type { DetectionClass } from '../../contract/detection.js';

const shapes = {
  check: <path d="M3.5 8.5l3 3 6-7" />,
  good: <><circle cx="8" cy="8" r="6.2" /><path d="M5.2 8.2l2 2 3.6-4.2" /></>,
  online: <><circle cx="8" cy="8" r="6.2" /><path d="M6.6 5.4l4 2.6-4 2.6z" fill="currentColor" /></>,
  authenticated: <><circle cx="5.5" cy="10.5" r="2.8" /><path d="M7.6 8.4L13 3M10.8 5.2l2 2" /></>,
  answering: <path d="M2.5 3.5h11v7.5H7l-3 2.5V11H2.5z" />,
  reachable: <path d="M6 2v3M10 2v3M4.5 5h7v3a3.5 3.5 0 0 1-7 0zM8 11.5V14" />,
  unreachable: <><circle cx="8" cy="8" r="6.2" /><path d="M5.7 5.7l4.6 4.6M10.3 5.7l-4.6 4.6" /></>,
  paused: <><circle cx="8" cy="8" r="6.2" /><path d="M6.4 5.6v4.8M9.6 5.6v4.8" /></>,
  cross: <path d="M4 4l8 8M12 4l-8 8" />,
  warn: <><path d="M8 2.2L14.5 13.5h-13z" /><path d="M8 6.5v3.2M8 11.5v.4" /></>,
  bell: <path d="M3.5 11.5h9L11.3 10V7a3.3 3.3 0 0 0-6.6 0v3zM6.8 13.5h2.4" />,
  bellOff: <path d="M3.5 11.5h7M4.7 9V7c0-.5.1-.9.3-1.3M7 3.9A3.3 3.3 0 0 1 11.3 7v3M6.8 13.5h2.4M2.5 2.5l11 11" />,
  camera: <><rect x="1.8" y="4.5" width="9.4" height="7" rx="1.5" /><path d="M11.2 7.3l3-1.8v5l-3-1.8" /></>,
  map: <path d="M2 4l4-1.5 4 1.5 4-1.5v10L10 14l-4-1.5L2 14zM6 2.5v10M10 4v10" />,
  clock: <><circle cx="8" cy="8" r="6.2" /><path d="M8 4.5V8l2.5 1.5" /></>,
  mask: <><rect x="2" y="3" width="12" height="10" rx="1.5" /><path d="M2.5 10l5-6.5M5 12.5L12 3.5M9.5 12.5l4-5" /></>,
  person: <><circle cx="8" cy="3.6" r="2.1" fill="currentColor" stroke="none" /><path d="M4.3 14.5V9.2a3.7 3 0 0 1 7.4 0v5.3H9.6v-3.7H6.4v3.7z" fill="currentColor" stroke="none" /></>,
  vehicle: <path d="M1.5 11.2V8.3l1.7-.7L4.7 4.5h6.1l2 3.1 1.7.7v2.9h-1.3a1.7 1.7 0 0 1-3.3 0H6.2a1.7 1.7 0 0 1-3.3 0z" fill="currentColor" stroke="none" />,
  animal: <path d="M1.8 5l1.6-1.6.9 1.5 1.4 1h4.9l2.6-1.6-.4 1.8.6 1.5-.9 6.2H11l-.4-3.3H6.6L6.2 13.8H4.6L4 9 2.3 6.7z" fill="currentColor" stroke="none" />,
  change: <><rect x="2.5" y="2.5" width="4.5" height="4.5" fill="currentColor" stroke="none" /><rect x="9" y="9" width="4.5" height="4.5" fill="currentColor" stroke="none" /><rect x="9" y="2.5" width="4.5" height="4.5" /><rect x="2.5" y="9" width="4.5" height="4.5" /></>,
  input: <><circle cx="8" cy="8" r="6.2" /><circle cx="8" cy="8" r="2.6" fill="currentColor" /></>,
  plus: <path d="M8 3v10M3 8h10" />,
  undo: <path d="M5.5 3L2.5 6l3 3M2.8 6H10a3.5 3.5 0 0 1 0 7H6" />,
  redo: <path d="M10.5 3l3 3-3 3M13.2 6H6a3.5 3.5 0 0 0 0 7h4" />,
  edit: <path d="M3 13l.7-3.2L10.8 2.7l2.5 2.5-7.1 7.1zM9.3 4.2l2.5 2.5" />,
  trash: <path d="M3 4.5h10M6 4.5V3h4v1.5M4.5 4.5l.6 9h5.8l.6-9M6.8 7v4M9.2 7v4" />,
  refresh: <path d="M13 8a5 5 0 1 1-1.5-3.6M13 2.5V5h-2.5" />,
  search: <><circle cx="7" cy="7" r="4.3" /><path d="M10.2 10.2L14 14" /></>,
  upload: <path d="M8 11V3M4.8 6L8 2.8 11.2 6M2.8 11v2.5h10.4V11" />,
  download: <path d="M8 3v8M4.8 8L8 11.2 11.2 8M2.8 11v2.5h10.4V11" />,
  expand: <path d="M9.5 2.5h4v4M6.5 13.5h-4v-4M13.5 2.5L9 7M2.5 13.5L7 9" />,
  send: <path d="M14 2L7 9M14 2l-4.5 12L7 9 2 6.5z" />,
  gear: <><circle cx="8" cy="8" r="2.2" /><path d="M8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6L5 5M11 11l1.4 1.4M3.6 12.4L5 11M11 5l1.4-1.4" /></>,
  user: <><circle cx="8" cy="5.5" r="2.7" /><path d="M2.8 14a5.2 4.5 0 0 1 10.4 0" /></>,
  help: <><circle cx="8" cy="8" r="6.2" /><path d="M6.2 6.3a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.8.6-.8 1.3M8 11.3v.3" /></>,
  place: <><path d="M8 14.2S3.5 9.7 3.5 6.5a4.5 4.5 0 0 1 9 0C12.5 9.7 8 14.2 8 14.2z" /><circle cx="8" cy="6.5" r="1.5" /></>,
  zone: <path d="M3 5l5.5-2.5L13.5 6 12 12.5l-8 .5z" />,
  back: <path d="M9.5 3L4.5 8l5 5" />,
  language: <><circle cx="8" cy="8" r="6.2" /><path d="M1.8 8h12.4M8 1.8c-4 4-4 8.4 0 12.4M8 1.8c4 4 4 8.4 0 12.4" /></>,
  link: <path d="M6.5 9.5l3-3M7.5 4.5l1.3-1.3a2.8 2.8 0 0 1 4 4L11.5 8.5M8.5 11.5l-1.3 1.3a2.8 2.8 0 0 1-4-4L4.5 7.5" />,
  grid: <path d="M2.5 2.5h4.5V7H2.5zM9 2.5h4.5V7H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z" />,
  list: <path d="M2.5 4h11M2.5 8h11M2.5 12h11" />,
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof shapes;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false">
      {shapes[name]}
    </svg>
  );
}

export const classIcon: Record<DetectionClass, IconName> = { person: 'person', vehicle: 'vehicle', animal: 'animal', change: 'change' };

export function Brand() {
  return (
    <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" fill="#234a38" />
      <path d="M4 23c0-4 2-6 4.5-6 .4-4 3-6.5 6-6.5 2.6 0 4.6 1.7 5.4 4.2.6-.3 1.3-.4 2-.4 3.3 0 6.1 3.2 6.1 8.7z" fill="#8fcf9f" />
      <path d="M4 25.5h24" stroke="#dff2e3" strokeWidth="2" strokeLinecap="round" />
    </svg>
  );
}
