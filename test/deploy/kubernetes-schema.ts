/**
 * The parts of the Kubernetes API (1.27) that docs/deploy/kubernetes.yaml uses, written down from its reference: no package with the official
 * schemas is both small and strict. A field that is not here is refused, so a misspelt one is too; a new one is to be added.
 */
import { Ajv, type AnySchema } from 'ajv';

type Properties = Readonly<Record<string, AnySchema>>;

const text = { type: 'string', minLength: 1 };
const count = { type: 'integer', minimum: 0 };
const flag = { type: 'boolean' };
/** RFC 1123 label: what a name of a port, container or volume may be too. */
const label = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' };
const portName = { type: 'string', pattern: '^(?=.{1,15}$)[a-z0-9-]*[a-z][a-z0-9-]*$' };
const port = { type: 'integer', minimum: 1, maximum: 65535 };
const path = { type: 'string', pattern: '^/' };
const fileMode = { type: 'integer', minimum: 0, maximum: 0o777 };
const quantity = { type: 'string', pattern: '^\\d+(\\.\\d+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$' };
const texts = { type: 'object', additionalProperties: { type: 'string' } };

function one(...values: readonly string[]): AnySchema {
  return { enum: values };
}

function list(items: AnySchema): AnySchema {
  return { type: 'array', minItems: 1, items };
}

function object(required: Properties, optional: Properties = {}): AnySchema {
  return {
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
  };
}

const metadata = object({ name: label }, { labels: texts, annotations: texts });
const podMetadata = object({ labels: texts }, { annotations: texts });
const selector = object({ matchLabels: texts });
const quantities = { type: 'object', additionalProperties: quantity };
const seccompProfile = object({ type: one('RuntimeDefault', 'Unconfined') });

const probe = object(
  { httpGet: object({ path, port: portName }) },
  { periodSeconds: count, timeoutSeconds: count, failureThreshold: count, initialDelaySeconds: count },
);

const container = object(
  { name: label, image: text },
  {
    args: list(text),
    ports: list(object({ containerPort: port }, { name: portName, protocol: one('TCP', 'UDP') })),
    startupProbe: probe,
    livenessProbe: probe,
    readinessProbe: probe,
    resources: object({}, { requests: quantities, limits: quantities }),
    securityContext: object(
      {},
      {
        allowPrivilegeEscalation: flag,
        readOnlyRootFilesystem: flag,
        capabilities: object({}, { drop: list(text), add: list(text) }),
      },
    ),
    volumeMounts: list(object({ name: label, mountPath: path }, { readOnly: flag })),
  },
);

const volume: AnySchema = {
  oneOf: [
    object({ name: label, configMap: object({ name: label }, { defaultMode: fileMode }) }),
    object({ name: label, secret: object({ secretName: label }, { defaultMode: fileMode }) }),
    object({ name: label, persistentVolumeClaim: object({ claimName: label }) }),
    object({ name: label, emptyDir: object({}, { medium: one('Memory'), sizeLimit: quantity }) }),
  ],
};

const podSpec = object(
  { containers: list(container) },
  {
    automountServiceAccountToken: flag,
    enableServiceLinks: flag,
    terminationGracePeriodSeconds: count,
    securityContext: object(
      {},
      {
        runAsNonRoot: flag,
        runAsUser: count,
        runAsGroup: count,
        fsGroup: count,
        fsGroupChangePolicy: one('OnRootMismatch', 'Always'),
        seccompProfile,
      },
    ),
    volumes: list(volume),
  },
);

function kind(apiVersion: string, name: string, rest: Properties): AnySchema {
  return object({ apiVersion: one(apiVersion), kind: one(name), metadata, ...rest });
}

const schemas: Readonly<Record<string, AnySchema>> = {
  ConfigMap: kind('v1', 'ConfigMap', { data: texts }),
  PersistentVolumeClaim: kind('v1', 'PersistentVolumeClaim', {
    spec: object({
      accessModes: list(one('ReadWriteOnce', 'ReadWriteOncePod', 'ReadOnlyMany', 'ReadWriteMany')),
      resources: object({ requests: object({ storage: quantity }) }),
    }),
  }),
  Deployment: kind('apps/v1', 'Deployment', {
    spec: object(
      { selector, template: object({ metadata: podMetadata, spec: podSpec }) },
      { replicas: count, strategy: object({ type: one('Recreate', 'RollingUpdate') }) },
    ),
  }),
  Service: kind('v1', 'Service', {
    spec: object(
      { selector: texts, ports: list(object({ port }, { name: portName, targetPort: portName })) },
      { publishNotReadyAddresses: flag },
    ),
  }),
};

const ajv = new Ajv({ allErrors: true });

/** What is wrong with a manifest; empty: nothing. */
export function manifestFaults(manifest: unknown): readonly string[] {
  const name: unknown = typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'kind') : null;
  const schema = typeof name === 'string' ? schemas[name] : undefined;
  if (schema === undefined) return [`unknown kind ${String(name)}`];
  const validate = ajv.compile(schema);
  if (validate(manifest) === true) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
