// A plain HTTPS server over a folder, as anybody's web server would be: FOLDER/<host>/<path>. `node https-files.mjs FOLDER KEY CERT PORT [ADDRESS]`
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';

const [folder, key, cert, port, address = '127.0.0.1'] = process.argv.slice(2);
createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
  const host = (request.headers.host ?? '').split(':')[0];
  try {
    response.setHeader('content-type', 'text/plain').end(readFileSync(join(folder, host, request.url ?? '/')));
  } catch {
    response.writeHead(404).end();
  }
}).listen(Number(port), address);
