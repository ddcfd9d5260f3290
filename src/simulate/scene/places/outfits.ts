/** What walkers wear. */
import type { Outfit } from '../walker.js';

export const blueJacket: Outfit = { heightM: 1.74, coat: '#2f4f86', trousers: '#3a3a40', hair: '#241c18', skin: '#c89a78' };
export const redCoat: Outfit = { heightM: 1.66, coat: '#a8382f', trousers: '#2c3448', hair: '#1c1a1c', skin: '#d3a987' };
export const whiteShirt: Outfit = { heightM: 1.78, coat: '#d9d6cc', trousers: '#27303a', hair: '#3a2c20', skin: '#b98a66' };
export const greenVest: Outfit = { heightM: 1.7, coat: '#3f6a3c', trousers: '#6b5b45', hair: '#20201f', skin: '#c59a76' };
