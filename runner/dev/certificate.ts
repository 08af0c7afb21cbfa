// The certificate of an edge that has TLS itself: read from files, and again when they change.
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

import type { Certificate } from '../../edge/hosts/node/http-server.ts';
import { watchConfig } from '../config/watch.ts';
import { failureFields } from '../failure.ts';
import type { Log } from '../log.ts';
import type { TlsFiles } from './edge-options.ts';
import { EdgeStartError } from './edge-start-error.ts';

/** Reads both files. Throws an `EdgeStartError` for what TLS cannot use. */
export function readCertificate({ cert, key }: TlsFiles): Certificate {
  try {
    const certificate = { cert: readFileSync(cert), key: readFileSync(key) };
    createSecureContext(certificate);
    return certificate;
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown error';
    throw new EdgeStartError('tls_unusable', {
      what: `${cert} and ${key} cannot be used for TLS (${why})`,
      fix: 'Give a certificate chain and its private key, both as PEM, that this user can read.',
    });
  }
}

export interface KeptCertificate {
  /** Reads the files again now. */
  renew(): void;
  close(): void;
}

/** Calls `take` with the certificate when its files have changed. One that cannot be used leaves the last one in place. */
export function keepCertificate(
  files: TlsFiles,
  log: Log,
  take: (certificate: Certificate) => void,
): KeptCertificate {
  const renew = (): void => {
    try {
      take(readCertificate(files));
      log.info('certificate renewed');
    } catch (error) {
      log.error('the certificate is not renewed', failureFields(error));
    }
  };
  const deaf = (code: string): void =>
    log.warn('changes to the certificate are not noticed; send SIGHUP after each change', { code });
  const watching = watchConfig({ file: files.cert, envFiles: [files.key] }, renew, deaf);
  return { renew, close: () => watching.close() };
}
