# Untested: nothing here was built or run with Docker.
FROM node:22-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci

FROM node:22-bookworm-slim
# `ps` bounds the memory of provers.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates procps \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY . .
RUN mkdir /data && chown node:node /data
USER node
ENV DATA_DIRECTORY=/data BUILD_NATIVE=off
VOLUME /data
EXPOSE 9000 4689
STOPSIGNAL SIGTERM
ENTRYPOINT ["./node_modules/.bin/bun", "src/node.ts"]
CMD ["--role=all"]
