// A stdio server that serves a connection in the era in which it opens.
import { serveStdio } from '@modelcontextprotocol/server/stdio';

import { bothErasServer } from './both-eras.mjs';

serveStdio(() => bothErasServer());
