/** docs/deploy/kubernetes.yaml: valid, hardened, of one piece, and with a config that stsync takes. */
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { descriptors } from '../../providers/registry.ts';
import { type ParsedConfig, parseConfig } from '../../src/core/config/parse-config.ts';
import { readDocument } from '../docs/markdown.ts';
import { execForm, parseContainerfile } from './containerfile.ts';
import { manifestFaults } from './kubernetes-schema.ts';

type Labels = Readonly<Record<string, string>>;

interface Named<Kind extends string> {
  readonly kind: Kind;
  readonly metadata: { readonly name: string };
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Container {
  readonly args: readonly string[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly securityContext: object;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string };
  readonly secret?: { readonly secretName: string };
  readonly persistentVolumeClaim?: { readonly claimName: string };
}

interface Deployment extends Named<'Deployment'> {
  readonly spec: {
    readonly replicas: number;
    readonly strategy: object;
    readonly selector: { readonly matchLabels: Labels };
    readonly template: {
      readonly metadata: { readonly labels: Labels };
      readonly spec: {
        readonly automountServiceAccountToken: boolean;
        readonly securityContext: object;
        readonly containers: readonly [Container];
        readonly volumes: readonly Volume[];
      };
    };
  };
}

interface Service extends Named<'Service'> {
  readonly spec: { readonly selector: Labels; readonly ports: readonly { readonly targetPort: string }[] };
}

interface ConfigMap extends Named<'ConfigMap'> {
  readonly data: Readonly<Record<string, string>>;
}

type Manifest = ConfigMap | Named<'PersistentVolumeClaim'> | Deployment | Service;

const text = readDocument('docs/deploy/kubernetes.yaml');
const documents = parseAllDocuments(text);
const manifests = documents.map((one): Manifest => one.toJS());

/** What it holds is for the schema to say, which has a test of its own. */
function only<Kind extends Manifest['kind']>(kind: Kind): Extract<Manifest, { readonly kind: Kind }> {
  const found = manifests.filter((one): one is Extract<Manifest, { readonly kind: Kind }> => one.kind === kind);
  const [manifest] = found;
  if (manifest === undefined || found.length > 1) throw new Error(`${found.length} of kind ${kind}`);
  return manifest;
}

const deployment = only('Deployment');
const pod = deployment.spec.template.spec;
const [container] = pod.containers;

function mountOf(find: (volume: Volume) => unknown): string {
  const volume = pod.volumes.find((one) => find(one) !== undefined);
  return container.volumeMounts.find(({ name }) => name === volume?.name)?.mountPath ?? 'no mount';
}

/** The config as the pod reads it, and which files its secrets are. */
function parseMounted(yaml: string): { readonly parsed: ParsedConfig; readonly secretFiles: readonly string[] } {
  const secretFiles: string[] = [];
  const directory = mountOf((volume) => volume.configMap);
  const source = { file: 'domains.yaml', directory, text: new TextEncoder().encode(yaml) };
  const parsed = parseConfig([source], {
    descriptors,
    secrets: { env: () => undefined, file: (path) => (secretFiles.push(path), 'secret') },
    resolvePath: (from, path) => posix.resolve(from, path),
  });
  return { parsed, secretFiles };
}

describe('docs/deploy/kubernetes.yaml', () => {
  it('is YAML without warnings, and each manifest is of its schema', () => {
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    expect(manifests.map(({ kind }) => kind)).toEqual(['ConfigMap', 'PersistentVolumeClaim', 'Deployment', 'Service']);
    expect(manifests.flatMap(manifestFaults)).toEqual([]);
  });

  it.each([
    ['a misspelt field', 'livenessProbe', 'livenesProbe'],
    ['a number as text', 'replicas: 1', 'replicas: "1"'],
    ['a word that is none', 'type: Recreate', 'type: Replace'],
    ['a volume of two kinds', 'configMap: { name: stsync }', 'configMap: { name: stsync }\n          emptyDir: {}'],
    ['a probe without a port', 'path: /readyz, port: operator', 'path: /readyz'],
  ])('would not be with %s', (_, right, wrong) => {
    expect(text).toContain(right);
    const changed = parseAllDocuments(text.replace(right, wrong)).map((one): unknown => one.toJS());
    expect(changed.flatMap(manifestFaults)).not.toEqual([]);
  });

  it('runs one pod at a time', () => {
    expect(deployment.spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
  });

  it('gives the pod no rights: not root, nothing writable but its volumes, no capability, no token of the cluster', () => {
    expect(pod.automountServiceAccountToken).toBe(false);
    const user = parseContainerfile(readDocument('docs/deploy/Containerfile')).find(({ name }) => name === 'USER');
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: Number(user?.rest.split(':')[0]),
      runAsGroup: Number(user?.rest.split(':')[1]),
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('asks the process alone whether to restart it, and readiness whether it works', () => {
    const { startupProbe, livenessProbe, readinessProbe } = container;
    const paths = [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path);
    expect(paths).toEqual(['/healthz', '/healthz', '/readyz']);
  });

  it('names only what is there: labels, ports, volumes, claims', () => {
    const { labels } = deployment.spec.template.metadata;
    expect(deployment.spec.selector.matchLabels).toEqual(labels);
    const service = only('Service');
    expect(service.spec.selector).toEqual(labels);
    const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
    const ports = [...probes.map(({ httpGet }) => httpGet.port), ...service.spec.ports.map((one) => one.targetPort)];
    expect(new Set(ports)).toEqual(new Set(container.ports.map(({ name }) => name)));
    expect(container.volumeMounts.map(({ name }) => name)).toEqual(pod.volumes.map(({ name }) => name));
    expect(pod.volumes.flatMap(({ configMap }) => configMap?.name ?? [])).toEqual([only('ConfigMap').metadata.name]);
    const claims = pod.volumes.flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? []);
    expect(claims).toEqual([only('PersistentVolumeClaim').metadata.name]);
    const [secret] = pod.volumes.flatMap((volume) => volume.secret?.secretName ?? []);
    expect(text).toContain(`kubectl create secret generic ${secret} `);
  });

  it('starts what the image starts', () => {
    const command = parseContainerfile(readDocument('docs/deploy/Containerfile')).find(({ name }) => name === 'CMD');
    expect(container.args).toEqual(execForm(command?.rest ?? ''));
    expect(container.args.at(-1)).toBe(mountOf((volume) => volume.configMap));
  });
});

describe('the config in docs/deploy/kubernetes.yaml', () => {
  const { 'domains.yaml': yaml = '', ...rest } = only('ConfigMap').data;

  it('has no fault and no warning, and is refused without a token', () => {
    expect(rest).toEqual({});
    const { parsed } = parseMounted(yaml);
    expect(parsed.ok ? parsed.warnings : parsed.faults).toEqual([]);
    const open = parseMounted(yaml.replace(/^ +auth:.*\n/m, '')).parsed;
    expect(open.ok ? [] : open.faults.map(({ code }) => code)).toEqual(['AUTH_NEEDED']);
  });

  it('reads its secrets from the Secret, keeps its state on the volume, and listens where the probes ask', () => {
    const { parsed, secretFiles } = parseMounted(yaml);
    const folder = mountOf((volume) => volume.secret);
    const keys = [...text.matchAll(/--from-literal=([\w-]+)=/g)].map(([, key]) => `${folder}/${key}`);
    expect(secretFiles.toSorted()).toEqual(keys.toSorted());
    if (!parsed.ok) throw new Error('it has faults');
    const { state, daemon } = parsed.config;
    expect(state.kind === 'file' && posix.dirname(state.path)).toBe(mountOf((volume) => volume.persistentVolumeClaim));
    expect(daemon.listen).toBe(`0.0.0.0:${container.ports[0]?.containerPort}`);
    expect(daemon.auth?.type).toBe('token');
  });
});
