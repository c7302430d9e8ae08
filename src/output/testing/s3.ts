import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../../../scripts/free_port.ts";

const run = promisify(execFile);

export interface S3Server {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly bucket: string;
  stop(): Promise<void>;
}

/** A user who may use S3 and a bucket; from then on the server checks every signature. */
const setUp = `
import boto3, json, sys, urllib.request
url = sys.argv[1]
make = lambda name: boto3.client(name, endpoint_url=url, region_name="us-east-1",
    aws_access_key_id="any", aws_secret_access_key="any")
iam = make("iam")
iam.create_user(UserName="enode")
iam.put_user_policy(UserName="enode", PolicyName="s3", PolicyDocument=json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}))
key = iam.create_access_key(UserName="enode")["AccessKey"]
make("s3").create_bucket(Bucket="receipts")
request = urllib.request.Request(url + "/moto-api/reset-auth", data=b"0", method="POST",
    headers={"Content-Type": "text/plain"})
urllib.request.urlopen(request).read()
print(json.dumps([key["AccessKeyId"], key["SecretAccessKey"]]))
`;

/** Moto's server from PyPI, which is S3 in memory; undefined where it can't be had. */
export async function startS3(): Promise<S3Server | undefined> {
  const directory = await mkdtemp(join(tmpdir(), "w3bstream-s3-"));
  try {
    await run("python3", ["-m", "venv", directory]);
    await run(join(directory, "bin/pip"), ["install", "--quiet", "moto[s3,server]==5.2.2"]);
  } catch {
    await rm(directory, { recursive: true, force: true });
    return undefined;
  }
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = spawn(
    join(directory, "bin/python"),
    ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)],
    { stdio: "ignore" },
  );
  const stop = async () => {
    server.kill();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await answers(endpoint, server);
    const { stdout } = await run(join(directory, "bin/python"), ["-c", setUp, endpoint]);
    const [accessKeyId, secretAccessKey] = JSON.parse(stdout);
    return { endpoint, accessKeyId, secretAccessKey, bucket: "receipts", stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function answers(url: string, server: ChildProcess): Promise<void> {
  while (!await fetch(`${url}/moto-api/`).then((r) => r.ok, () => false)) {
    if (server.exitCode !== null) throw new Error(`the S3 server ended with ${server.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
