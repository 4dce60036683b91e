# Custos in a container: Node 24, the distribution's ffmpeg, no shell needed, nothing of it writable but /data and /tmp.
#   docker build -t custos .
#   docker run --init --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges -v custos-data:/data -p 127.0.0.1:8480:8480 \
#     -e CUSTOS_TOKEN_ISSUER=… -e CUSTOS_TOKEN_JWKS_URL=… -e CUSTOS_AGENCIES_FILE=/data/agencies.json custos
# On PostgreSQL, S3 and KMS: docs/deploy.md, and docs/deploy/compose.yaml. The verbs `migrate`, `work` and `doctor` need no health check.
FROM node:24-slim

RUN apt-get update \
 && apt-get install -y --no-install-recommends ffmpeg \
 && rm -rf /var/lib/apt/lists/* \
 && mkdir /data && chown node:node /data

WORKDIR /app
# Dependencies in a layer of their own: they change less often than the service. The image has its Node, so `node` (a devDependency) stays out.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force

COPY service service
COPY policies policies
COPY migrations migrations
COPY LICENSE README.md ./

ENV NODE_ENV=production \
    CUSTOS_HOST=0.0.0.0 \
    CUSTOS_DATA_DIR=/data \
    CUSTOS_SCRATCH_DIR=/tmp/custos
USER node
VOLUME /data
EXPOSE 8480
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8480/readyz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

# `--init` (or the orchestrator) reaps what ffmpeg leaves; signals reach the service itself.
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "service/cli/main.ts"]
CMD ["serve"]
