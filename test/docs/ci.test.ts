/** docs/ci: every line of the workflows is run, through a pull request that is planned, commented, planned again, merged and applied. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';

import { describeWith } from '../servers/programs.ts';
import { type Ended, Repository } from './ci-runner.ts';
import { readDocument } from './markdown.ts';

interface Step {
  readonly name?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const ZONE = `$ORIGIN example.com.
$TTL 1h
@    IN SOA ns1 hostmaster 2026110101 4h 1h 2w 5m
     IN NS  ns1
     IN MX  10 mx1
ns1  IN A   192.0.2.1
mx1  IN A   192.0.2.25
`;

function domainYaml(rest: string): string {
  return `domains:\n  example.com: { mx: [mx1.example.com]${rest} }\n`;
}

/** A repository that works without network, published once. */
function startRepository(): Repository {
  const repository = new Repository();
  onTestFinished(() => repository[Symbol.dispose]());
  repository.write(
    'domains/main.yaml',
    `version: 1
providers:
  local: { type: zonefile, directory: ../zones }
publisher: { type: directory, directory: ../www, hostname: policies.example.net, proof: file }
state: ../stsync.db
defaults: { observe: provider }
`,
  );
  repository.write('domains/example.com.yaml', domainYaml(''));
  repository.write('mx/example.com', 'mx1.example.com\n');
  repository.write('stsync.yaml', '');
  repository.write('zones/example.com.zone', ZONE);
  repository.commit('first');
  expect(faults(repository.run([{ name: 'first', script: 'mkdir www && stsync sync --config domains' }], {}))).toEqual(
    [],
  );
  return repository;
}

/** What failed, with its output; empty: nothing. */
function faults(ended: readonly Ended[]): readonly string[] {
  return ended.filter(({ code }) => code !== 0).map(({ name, output }) => `${name}: ${output}`);
}

function steps(job: string): readonly { readonly name: string; readonly script: string }[] {
  const workflow: { jobs: Record<string, { steps: readonly Step[] }> } = parse(
    readDocument('docs/ci/github-actions.yml'),
  );
  return (workflow.jobs[job]?.steps ?? []).flatMap(({ name = '', run }) =>
    run === undefined ? [] : [{ name, script: run }],
  );
}

/** `gh` as far as the workflow uses it: comments in a file, runs and artifacts in a folder. What `--jq` would pick is picked here. */
const GH = `#!/usr/bin/env node
const fs = require('node:fs');
const args = process.argv.slice(2);
const file = process.env.GH_STORE + '/comments.json';
const comments = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : [];
const body = () => fs.readFileSync(args.find((one) => one.startsWith('body=@')).slice(6), 'utf8');
const line = args.join(' ');
fs.appendFileSync(process.env.GH_STORE + '/gh.log', line + '\\n');
if (line.includes('/commits/')) console.log(process.env.GH_PULL_HEAD ?? '');
else if (args[0] === 'run' && args[1] === 'list') console.log('77');
else if (args[0] === 'run' && args[1] === 'download') fs.copyFileSync(process.env.GH_STORE + '/plan.json', 'plan.json');
else if (line.includes('--method PATCH')) {
  const id = Number(/comments\\/(\\d+)/.exec(line)[1]);
  fs.writeFileSync(file, JSON.stringify(comments.map((one) => (one.id === id ? { ...one, body: body() } : one))));
} else if (line.includes('--method POST')) fs.writeFileSync(file, JSON.stringify([...comments, { id: comments.length + 1, body: body() }]));
else for (const one of comments) if (one.body.startsWith('<!-- stsync -->')) console.log(one.id);
`;

function github(repository: Repository) {
  repository.program('gh', GH);
  writeFileSync(join(repository.folder, 'comments.json'), JSON.stringify([{ id: 1, body: 'looks good to me' }]));
  const env = {
    GH_STORE: repository.folder,
    GITHUB_REPOSITORY: 'acme/mail',
    GITHUB_BASE_REF: 'main',
    GITHUB_STEP_SUMMARY: join(repository.folder, 'summary.md'),
    PULL: '5',
  };
  const comments = (): readonly { readonly body: string }[] =>
    JSON.parse(readFileSync(join(repository.folder, 'comments.json'), 'utf8'));
  return {
    comments,
    plan: () => {
      // `origin/main` of a clone.
      repository.git('update-ref', 'refs/remotes/origin/main', 'main');
      return repository.run(steps('plan'), env);
    },
    apply: (head: string | null) =>
      repository.run(steps('apply'), { ...env, GITHUB_SHA: 'merge', ...(head === null ? {} : { GH_PULL_HEAD: head }) }),
  };
}

const programs = ['bash', 'git', 'curl'];

describeWith(programs, 'docs/ci/github-actions.yml', () => {
  it('comments once, updates that comment, and applies on merge what was reviewed', () => {
    const repository = startRepository();
    const { plan, apply, comments } = github(repository);
    repository.git('switch', '--quiet', '--create', 'week');
    repository.write('domains/example.com.yaml', domainYaml(', maxAge: 1w'));
    repository.commit('a week');
    expect(faults(plan())).toEqual([]);
    expect(comments()).toHaveLength(2);
    expect(comments()[1]?.body).toContain('max_age 604800');
    repository.write('domains/example.com.yaml', domainYaml(', maxAge: 2w'));
    const head = repository.commit('two weeks');
    expect(faults(plan())).toEqual([]);
    expect(comments()).toHaveLength(2);
    expect(comments()[1]?.body).toContain('max_age 1209600');
    writeFileSync(join(repository.folder, 'plan.json'), readFileSync(join(repository.tree, 'plan.json')));
    repository.git('switch', '--quiet', 'main');
    repository.git('merge', '--quiet', '--no-ff', '-m', 'merge', 'week');
    expect(faults(apply(head))).toEqual([]);
    const policy = readFileSync(join(repository.tree, 'www/mta-sts.example.com/.well-known/mta-sts.txt'), 'utf8');
    expect(policy).toContain('max_age: 1209600');
  });

  it('fails a pull request whose config has faults, and writes no comment for it', () => {
    const repository = startRepository();
    const { plan, comments } = github(repository);
    repository.write('domains/example.com.yaml', domainYaml(', maxage: 1w'));
    repository.commit('misspelt');
    const ended = plan();
    expect(ended.at(-1)).toMatchObject({ name: 'Validate', code: 1 });
    expect(ended.at(-1)?.output).toContain('did you mean `maxAge`?');
    expect(comments()).toHaveLength(1);
  });

  it('fails one that a guard holds, after its comment has said why', () => {
    const repository = startRepository();
    const { plan, comments } = github(repository);
    repository.write('domains/example.com.yaml', 'domains:\n  example.com: { mx: live, mode: enforce }\n');
    repository.commit('follows MX under enforce');
    const ended = plan();
    expect(comments()[1]?.body).toMatch(/live.mx.under.enforce/);
    expect(ended.at(-1)).toMatchObject({ name: 'Judge', code: 1 });
  });

  it('stops a pull request that would move MX too early', () => {
    const repository = startRepository();
    const { plan } = github(repository);
    repository.write('domains/example.com.yaml', domainYaml(', mode: enforce'));
    repository.commit('enforce');
    expect(faults(repository.run([{ name: 'enforce', script: 'stsync sync --config domains' }], {}))).toEqual([]);
    repository.git('switch', '--quiet', '--create', 'mx');
    repository.write('mx/example.com', 'mx1.example.com\nMX2.example.com  # new\n');
    repository.commit('a second MX');
    const early = plan();
    expect(early.at(-1)).toMatchObject({ name: 'Gate MX', code: 1 });
    expect(early.at(-1)?.output).toMatch(/may mx2\.example\.com be added to MX\?[\s\S]*MX would move too early/);
  });

  it('does not apply what no pull request has planned', () => {
    const { apply } = github(startRepository());
    const ended = apply(null);
    expect(ended.at(-1)).toMatchObject({ name: 'Fetch plan', code: 1 });
    expect(ended.at(-1)?.output).toContain('nobody reviewed a plan');
  });
});

/** Merge request notes, pipelines and artifacts of GitLab's API, in a process of its own: the scripts here are run synchronously. */
const GITLAB = `
const fs = require('node:fs'); const http = require('node:http'); const [store] = process.argv.slice(1);
const notes = [{ id: 1, body: 'looks good to me' }];
http.createServer((request, response) => {
  let text = ''; request.setEncoding('latin1').on('data', (chunk) => (text += chunk));
  request.on('end', () => {
    if (request.headers['private-token'] !== 'note-token') return response.writeHead(401).end();
    const path = request.url.replace(/\\?.*/, ''); const json = (value) => response.end(JSON.stringify(value));
    const body = () => Buffer.from(/\\r\\n\\r\\n([\\s\\S]*?)\\r\\n--/.exec(text)[1], 'latin1').toString();
    const keep = () => { fs.writeFileSync(store + '/notes.json', JSON.stringify(notes)); json({}); };
    if (path.endsWith('/notes') && request.method === 'GET') return json(notes);
    if (path.endsWith('/notes')) { notes.push({ id: notes.length + 1, body: body() }); return keep(); }
    if (request.method === 'PUT') { notes.find(({ id }) => path.endsWith('/' + id)).body = body(); return keep(); }
    if (path.endsWith('/merge_requests')) return json([{ iid: 5 }]);
    if (path.endsWith('/pipelines')) return json([{ id: 70 }]);
    if (path.endsWith('/jobs')) return json([{ id: 700 }]);
    if (path.endsWith('/artifacts/plan.json')) return response.end(fs.readFileSync(store + '/plan.json'));
    response.writeHead(404).end();
  });
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
`;

async function gitlab(repository: Repository): Promise<{
  readonly run: (job: string) => readonly Ended[];
  readonly notes: () => readonly { readonly body: string }[];
}> {
  const child = spawn(process.execPath, ['-e', GITLAB, repository.folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  const [line]: unknown[] = await once(child.stdout, 'data');
  const jobs: Record<string, { script: readonly string[] }> = parse(readDocument('docs/ci/gitlab-ci.yml'));
  const env = {
    CI_API_V4_URL: `http://127.0.0.1:${String(line).trim()}/api/v4`,
    CI_PROJECT_ID: '9',
    CI_MERGE_REQUEST_IID: '5',
    CI_MERGE_REQUEST_DIFF_BASE_SHA: repository.git('rev-parse', 'main'),
    CI_COMMIT_SHA: 'merge',
    STSYNC_NOTE_TOKEN: 'note-token',
  };
  return {
    // All lines of a job are one script there.
    run: (job) => repository.run([{ name: job, script: (jobs[job]?.script ?? []).join('\n') }], env),
    notes: () => JSON.parse(readFileSync(join(repository.folder, 'notes.json'), 'utf8')),
  };
}

describeWith(programs, 'docs/ci/gitlab-ci.yml', () => {
  it('writes one note, updates it, and applies on merge what was reviewed', async () => {
    const repository = startRepository();
    const { run, notes } = await gitlab(repository);
    repository.git('switch', '--quiet', '--create', 'week');
    repository.write('domains/example.com.yaml', domainYaml(', maxAge: 1w'));
    repository.commit('a week');
    expect(faults(run('plan'))).toEqual([]);
    repository.write('domains/example.com.yaml', domainYaml(', maxAge: 2w'));
    repository.commit('two weeks');
    expect(faults(run('plan'))).toEqual([]);
    expect(notes()).toHaveLength(2);
    expect(notes()[1]?.body).toContain('max_age 1209600');
    writeFileSync(join(repository.folder, 'plan.json'), readFileSync(join(repository.tree, 'plan.json')));
    expect(faults(run('apply'))).toEqual([]);
    const policy = readFileSync(join(repository.tree, 'www/mta-sts.example.com/.well-known/mta-sts.txt'), 'utf8');
    expect(policy).toContain('max_age: 1209600');
  });

  it('fails a merge request that a guard holds, after its note has said why', async () => {
    const repository = startRepository();
    const { run, notes } = await gitlab(repository);
    repository.write('domains/example.com.yaml', 'domains:\n  example.com: { mx: live, mode: enforce }\n');
    repository.commit('follows MX under enforce');
    const [ended] = run('plan');
    expect(ended?.code).toBe(1);
    expect(notes()[1]?.body).toMatch(/live.mx.under.enforce/);
  });
});
