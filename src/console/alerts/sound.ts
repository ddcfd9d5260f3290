/** A short two-tone sign for a new alert, made in the browser. Off until somebody turns it on. */
import { recall, remember } from '../shell/browser-store.js';

export function soundIsOn(): boolean {
  return recall('sound') === 'on';
}

export function setSound(on: boolean): void {
  remember('sound', on ? 'on' : 'off');
}

/** Browsers are silent until the page was touched once; then nothing is heard, and nothing fails. */
export function chime(): void {
  try {
    const audio = new AudioContext();
    const volume = audio.createGain();
    volume.connect(audio.destination);
    volume.gain.setValueAtTime(0.0001, audio.currentTime);
    for (const [at, hz] of [[0, 660], [0.16, 880]] as const) {
      const tone = audio.createOscillator();
      tone.frequency.value = hz;
      tone.connect(volume);
      volume.gain.exponentialRampToValueAtTime(0.15, audio.currentTime + at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + at + 0.15);
      tone.start(audio.currentTime + at);
      tone.stop(audio.currentTime + at + 0.15);
      if (hz === 880) tone.onended = () => void audio.close();
    }
  } catch {
    // No sound device: the page shows the alert all the same.
  }
}
