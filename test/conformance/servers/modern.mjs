// A stdio server that refuses the legacy era.
import { serveStdio } from '@modelcontextprotocol/server/stdio';

import { bothErasServer } from './both-eras.mjs';

serveStdio(() => bothErasServer(), { legacy: 'reject' });
