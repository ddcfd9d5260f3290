/** Fill patterns that maps and pictures refer to, once in the document: areas differ in pattern and not only in colour. */
export function Hatches() {
  return (
    <svg width="0" height="0" className="hatches" aria-hidden="true" focusable="false">
      <defs>
        {/* on the map, in colours of the style sheet */}
        <pattern id="hatch-boundary" width="4" height="4" patternUnits="userSpaceOnUse">
          <rect width="4" height="4" className="hatch-boundary" />
        </pattern>
        <pattern id="hatch-entrance" width="5" height="5" patternUnits="userSpaceOnUse">
          <path d="M0 2.5H5" className="hatch-entrance" />
        </pattern>
        <pattern id="hatch-place" width="8" height="8" patternUnits="userSpaceOnUse">
          <rect width="8" height="8" className="hatch-place-ground" />
          <circle cx="4" cy="4" r="1.2" className="hatch-place" />
        </pattern>
        <pattern id="hatch-dwelling" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path d="M0 0V7" className="hatch-dwelling" />
        </pattern>
        <pattern id="hatch-prohibited" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path d="M0 0V8M0 0H8" className="hatch-prohibited" />
        </pattern>
        <pattern id="hatch-occluder" width="8" height="6" patternUnits="userSpaceOnUse">
          <rect width="8" height="6" className="hatch-occluder-ground" />
          <path d="M0 0H8M0 3H8M2 0V3M6 3V6" className="hatch-occluder" />
        </pattern>
        {/* on a picture, over anything */}
        <pattern id="hatch-guard" width="14" height="14" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path d="M0 0V14" stroke="#ff9d4d" strokeWidth="5" strokeOpacity=".55" />
        </pattern>
        <pattern id="hatch-privacy" width="10" height="10" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="10" height="10" fill="#2a1440" fillOpacity=".35" />
          <path d="M0 0V10M0 0H10" stroke="#d9a9ff" strokeWidth="2.4" strokeOpacity=".8" />
        </pattern>
        <pattern id="hatch-ignore" width="13" height="13" patternUnits="userSpaceOnUse">
          <circle cx="3.5" cy="3.5" r="2.1" fill="#dbe6f0" fillOpacity=".75" />
          <circle cx="10" cy="10" r="2.1" fill="#dbe6f0" fillOpacity=".75" />
        </pattern>
      </defs>
    </svg>
  );
}
