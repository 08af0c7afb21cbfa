// The three kinds of operating systems: Linux (/proc), other POSIX systems such as macOS (process groups and ps), and Windows
// (taskkill and the parents of processes).
import { linuxSystem } from './linux-system.ts';
import { psSystem } from './ps-system.ts';
import type { System } from './system.ts';
import { windowsSystem } from './windows-system.ts';

/** The kind for a value of `process.platform`. */
export function systemOf(platform: NodeJS.Platform): System {
  if (platform === 'linux') return linuxSystem;
  return platform === 'win32' ? windowsSystem : psSystem(platform);
}
