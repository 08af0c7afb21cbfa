// Node's SQLite without the warning that it is experimental: operators can do nothing about it, and it would stand between the
// lines of a log.
import type { DatabaseSync } from 'node:sqlite';

/** Opens a database file, or makes it. */
export async function openSqlite(path: string): Promise<DatabaseSync> {
  const { emitWarning } = process;
  process.emitWarning = (warning, ...rest) => {
    if (!String(warning).includes('SQLite'))
      Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
  try {
    const { DatabaseSync } = await import('node:sqlite');
    return new DatabaseSync(path);
  } finally {
    process.emitWarning = emitWarning;
  }
}
