# syntax=docker/dockerfile:1
# The image of the API, of the worker and of the `relance` command. Built by: docker compose build

FROM node:24.19.0-trixie-slim AS web
WORKDIR /web
COPY web/package.json web/package-lock.json ./
# Not `npm ci`: it wants the binaries of every platform in the lock, and those of others may be left out of it.
RUN npm install --no-save --no-audit --no-fund --loglevel=error
COPY web ./
RUN npm run --silent build

FROM python:3.11-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
RUN python -m venv --without-pip /opt/relance
COPY deploy/image/requirements.lock deploy/image/build.lock deploy/image/
RUN pip --python /opt/relance/bin/python install --require-hashes -r deploy/image/requirements.lock \
    && pip install --require-hashes -r deploy/image/build.lock
COPY . .
COPY --from=web /web/dist web/dist
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && pip --python /opt/relance/bin/python install --no-deps /wheels/*.whl

FROM python:3.11-slim-trixie
LABEL org.opencontainers.image.title="Relance" \
    org.opencontainers.image.description="WhatsApp campaigns that nobody has to watch" \
    org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent relance
COPY --from=build /opt/relance /opt/relance
# `relance doctor` looks at the disk under RELANCE_DATA_DIR.
ENV PATH=/opt/relance/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 RELANCE_DATA_DIR=/opt/relance
# Nothing is kept here: all data is in PostgreSQL and in Temporal.
WORKDIR /tmp
USER 10001:10001
EXPOSE 8080 9464
CMD ["relance-api"]
