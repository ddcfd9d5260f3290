/**
 * Contacts on digital inputs (panic buttons). A contact that closes raises one alert; it lasts until the contact was open
 * for ten seconds. When in doubt (a release that never came, a restart) the next press is a new alert: a press too many
 * is better than one that is swallowed.
 */
import type { Logger } from '../telemetry/logger.js';
import type { AlertWriter } from './alert-writer.js';
import { messageOf } from '../core/errors.js';
import { keyOf, overAtMs } from './happening.js';
import type { OpenHappenings } from './open-happenings.js';

/** A press within so long after the release belongs to the alert before. */
export const inputQuietMs = 10_000;
/** A contact that says nothing for so long while closed counts as released. */
const stuckMs = 600_000;

export interface InputContacts {
  changed(event: { siteId: string; cameraId: string; input: string; active: boolean; atMs: number }): Promise<void>;
}

export function createInputContacts({ happenings, writer, log }: { happenings: OpenHappenings; writer: AlertWriter; log: Logger }): InputContacts {
  return {
    async changed({ siteId, cameraId, input, active, atMs }) {
      const key = keyOf({ kind: 'input', zoneId: null, inputName: input });
      let open = happenings.get(cameraId, key);
      if (open && atMs >= overAtMs(open) && atMs >= open.heldUntilMs) {
        await happenings.end(open);
        open = undefined;
      }
      const write = async (): Promise<void> => {
        if (open) {
          // Releases count from their own time; a contact that is closed prolongs itself.
          open.heldUntilMs = active ? atMs + stuckMs : 0;
          await happenings.prolong(open, { atMs });
        } else if (active) {
          await happenings.open(
            { kind: 'input', siteId, cameraId, ruleId: null, ruleName: null, zoneId: null, zoneName: null, placeName: null, inputName: input },
            { atMs, quietMs: inputQuietMs, counts: {}, pictureId: null, noPictureReason: 'A contact raised this alert; a picture of the camera follows when one can be made.', heldUntilMs: atMs + stuckMs },
          );
        }
      };
      await Promise.all([
        write(),
        writer.inputChanged(siteId, { cameraId, input, active }).catch((thrown: unknown) => {
          log.warn({ cameraId, input, active, error: messageOf(thrown) }, 'a change of a contact is missing on the event stream');
        }),
      ]);
    },
  };
}
