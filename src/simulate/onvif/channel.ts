/** One video source of a simulated device as its services tell it: tokens, profiles, sizes, lens. */

export const streams = ['main', 'sub'] as const;
export type Stream = (typeof streams)[number];

export interface Channel {
  /** counted from 1 */
  readonly number: number;
  readonly name: string;
  readonly sourceToken: string;
  /** of its video source configuration */
  readonly configurationToken: string;
  readonly analyticsToken: string;
  /** as it is told to clients */
  streamUrl(stream: Stream): string;
  /** what the encoder makes now */
  video(): { widthPx: number; heightPx: number; fps: number; gopLength: number };
  readonly azimuthDeg: number;
  readonly horizontalFovDeg: number;
}

export interface Profile {
  readonly token: string;
  /** `main`, `2_sub` */
  readonly name: string;
  readonly stream: Stream;
  readonly channel: Channel;
}

/** @param alone whether the device has this one only: then its tokens carry no number */
export function profilesOf(channel: Channel, alone: boolean, mainOnly: boolean): readonly Profile[] {
  return streams
    .filter((stream) => stream === 'main' || !mainOnly)
    .map((stream) => {
      const name = alone ? stream : `${channel.number}_${stream}`;
      return { token: `Profile_${name}`, name, stream, channel };
    });
}
