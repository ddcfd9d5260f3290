/** Reasons why there is no picture, in the reader's language where the sentence is one of ours. */
import type { WithheldReason } from '../../contract/analysis.js';
import type { TextKey } from '../text/en.js';
import type { Translate } from '../text/translate.js';

const known: Record<WithheldReason, { key: TextKey; sentence: string }> = {
  learning: { key: 'withheld.learning', sentence: 'The empty scene behind the camera is not learned yet.' },
  moved: { key: 'withheld.moved', sentence: 'The camera was moved: its zones must be confirmed first.' },
  'scene-changed': { key: 'withheld.scene-changed', sentence: 'Too much of the view changed at once.' },
  'detector-failed': { key: 'withheld.detector-failed', sentence: 'The site requires a detector, and it does not work.' },
  'detector-missing': { key: 'withheld.detector-missing', sentence: 'The site requires a detector, and there is none.' },
  'mask-failed': { key: 'withheld.mask-failed', sentence: 'The mask could not be computed.' },
  'too-dense': { key: 'withheld.too-dense', sentence: 'The picture would show the nearest ground with more pixels a metre than the standard allows.' },
  'too-much-held': { key: 'withheld.too-much-held', sentence: 'Too much of the scene has never been seen empty.' },
  'size-changed': { key: 'withheld.size-changed', sentence: 'The size of the picture changed; the scene is learned anew.' },
};

/** The API gives the reason's name or its English sentence; anything else is shown as it came. */
export function reasonText(reason: string, t: Translate): string {
  const match = Object.entries(known).find(([name, { sentence }]) => name === reason || sentence === reason);
  return match ? t(match[1].key) : reason;
}
