/** The default: our own RTSP client for H.264 and H.265, libav's for the rest (Motion JPEG, MPEG-4), which then logs in anew. */
import type { FrameSource } from '../../contract/frame-source.js';
import { createNodeAvFrameSource } from './node-av-frame-source.js';
import { createRtspFrameSource, type RtspFrameSourceParts } from './rtsp-frame-source.js';

export function createAutoFrameSource(parts: Omit<RtspFrameSourceParts, 'others'>): FrameSource {
  return createRtspFrameSource({ ...parts, others: createNodeAvFrameSource(parts) });
}
