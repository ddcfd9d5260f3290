/** Every Chinese text of the page. The compiler holds its keys equal to the English ones. */
import type { en } from './en.js';
import { zhCNDesk } from './zh-cn-desk.js';
import { zhCNRegister } from './zh-cn-register.js';
import { zhCNPicture } from './zh-cn-picture.js';
import { zhCNPlace } from './zh-cn-place.js';
import { zhCNSetup } from './zh-cn-setup.js';

export const zhCN: Record<keyof typeof en, string> = { ...zhCNDesk, ...zhCNPicture, ...zhCNPlace, ...zhCNSetup, ...zhCNRegister };
