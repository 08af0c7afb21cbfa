// Signals to processes that may be gone by the time they arrive.

/** Signals every member of a process group; a group that is empty or not ours is passed over. */
export function signalGroup(groupId: number, signal: NodeJS.Signals): void {
  trySignal(-groupId, signal);
}

/** Signals one process. False if there is none, or it is a stranger's. */
export function trySignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    // ESRCH: nobody is left, which is the aim. EPERM: the pid belongs to a stranger by now.
    return false;
  }
}

/** Whether there is a process with this pid, whoever it is: kill(2) with signal 0. A zombie counts. */
export function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
