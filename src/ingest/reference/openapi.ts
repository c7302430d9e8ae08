import { z } from "zod";
import { type Operation, operations, type SchemaName, schemas } from "./operations.ts";

const ref = (name: SchemaName) => ({ $ref: `#/components/schemas/${name}` });

/** What JSON Schema has no word for. */
const override = (
  { zodSchema, jsonSchema }: {
    readonly zodSchema: z.core.$ZodTypes;
    readonly jsonSchema: z.core.JSONSchema.BaseSchema;
  },
): void => {
  if (zodSchema._zod.def.type === "bigint") {
    const { minimum, maximum } = zodSchema._zod.bag as { minimum?: bigint; maximum?: bigint };
    jsonSchema.type = "integer";
    if (minimum !== undefined) jsonSchema.minimum = Number(minimum);
    if (maximum !== undefined) jsonSchema.maximum = Number(maximum);
  }
  if (zodSchema instanceof z.ZodCustom && isBytes(zodSchema)) {
    Object.assign(jsonSchema, { type: "string", description: "bytes" });
  }
};
const isBytes = (schema: z.ZodCustom) => schema.safeParse(new Uint8Array(1)).success;

function components(): Record<string, object> {
  const registry = z.registry<{ readonly id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const { schemas: made } = z.toJSONSchema(registry, {
    ...{ io: "input", unrepresentable: "any", override },
    uri: (id) => `#/components/schemas/${id}`,
  });
  return Object.fromEntries(
    Object.entries(made as Record<string, z.core.JSONSchema.BaseSchema>)
      .map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]),
  );
}

const json = (name: SchemaName) => ({ "application/json": { schema: ref(name) } });

function answers({ answer, also = {}, errors }: Operation): Record<string, object> {
  const good = typeof answer === "string"
    ? json(answer)
    : { [answer.type]: { schema: { type: "string" } } };
  const made: Record<string, object> = { 200: { description: "good", content: good } };
  for (const status of errors) {
    made[status] = { description: statusTexts[status] ?? "", content: json("Error") };
  }
  for (const [status, { text, of }] of Object.entries(also)) {
    const both = of && errors.includes(Number(status));
    const content = both
      ? { "application/json": { schema: { anyOf: [ref(of), ref("Error")] } } }
      : of && json(of);
    made[status] = { description: text, ...(content ? { content } : {}) };
  }
  return made;
}

const statusTexts: Readonly<Record<number, string>> = {
  400: "which field is wrong",
  401: "what the sender must show",
  403: "the sender, or the project, may not do this",
  404: "there is no such thing here",
  408: "the body did not arrive",
  409: "not yet; or the Idempotency-Key, or a token for one message, was used for other data",
  413: "too large",
  415: "an encoding that is not taken",
  429: "too fast; see Retry-After",
  503: "overloaded, or a part is not there; see Retry-After",
};

function operationOf(operation: Operation): object {
  const { id, summary, description, parameters = [], body, bearer } = operation;
  const content = Object.entries(body ?? {}).map(([type, { of, many }]) => {
    return [type, { schema: many ? { type: "array", items: ref(of) } : ref(of) }];
  });
  return {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    ...(bearer ? { security: [{}, { bearer: [] }] } : {}),
    parameters: parameters.map((p) => ({ ...p, required: p.in === "path" })),
    ...(body ? { requestBody: { required: true, content: Object.fromEntries(content) } } : {}),
    responses: answers(operation),
  };
}

/** The OpenAPI 3.1 document of an enode's HTTP API. */
export function openApi() {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method] = operationOf(operation);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "W3bstream enode",
      version: "1",
      description: 'Messages in, and what became of them. Errors are {"error": "…"}.',
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths,
    components: {
      schemas: components(),
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  };
}
