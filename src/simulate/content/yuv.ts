/** A decoded picture in planar YUV 4:2:0 (ITU-R BT.601, limited range), the form that filters and encoders share. */
export interface Yuv {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Y, then U, then V, without padding: `width * height * 3 / 2` bytes */
  readonly data: Uint8Array;
}

export function createYuv(widthPx: number, heightPx: number): Yuv {
  return { widthPx, heightPx, data: new Uint8Array((widthPx * heightPx * 3) / 2) };
}

export interface Plane {
  readonly data: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Views of the three planes. */
export function planesOf(picture: Yuv): readonly [Plane, Plane, Plane] {
  const { widthPx, heightPx, data } = picture;
  const luma = widthPx * heightPx;
  const chroma = luma / 4;
  const half = { widthPx: widthPx / 2, heightPx: heightPx / 2 };
  return [
    { data: data.subarray(0, luma), widthPx, heightPx },
    { data: data.subarray(luma, luma + chroma), ...half },
    { data: data.subarray(luma + chroma, luma + 2 * chroma), ...half },
  ];
}
