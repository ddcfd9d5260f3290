/** Every Chinese text of the page. The compiler holds its keys equal to the English ones. */
import type { en } from './en.js';
import { zhCNDesk } from './zh-cn-desk.js';
import { zhCNRegister } from './zh-cn-register.js';
import { zhCNPlace } from './zh-cn-place.js';
import { zhCNSetup } from './zh-cn-setup.js';

export const zhCN: Record<keyof typeof en, string> = { ...zhCNDesk, ...zhCNPlace, ...zhCNSetup, ...zhCNRegister };
