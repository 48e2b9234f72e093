# Tianwen in a container: built in one stage, run in another that has no tools to build or install anything.
FROM python:3.13-slim-bookworm AS build
WORKDIR /source
RUN python -m venv --without-pip /opt/tianwen
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bot bot
COPY facts facts
COPY migrations migrations
# Wheels alone, and exactly the pinned versions; only Tianwen itself is built here.
RUN pip --python /opt/tianwen/bin/python install --no-cache-dir --only-binary :all: \
    --constraint constraints.txt '.[postgres]'

FROM python:3.13-slim-bookworm
# A font for the Chinese in pictures. Nothing is installed later, so the installer goes.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fonts-wqy-microhei \
    && rm -rf /var/lib/apt/lists/* \
    && python -m pip uninstall --yes --quiet --root-user-action=ignore pip \
    && groupadd --system --gid 10001 tianwen \
    && useradd --system --uid 10001 --gid tianwen --home-dir /data --shell /usr/sbin/nologin tianwen \
    && install --directory --owner=tianwen --group=tianwen --mode=0700 /data
COPY --from=build /opt/tianwen /opt/tianwen
ENV PATH=/opt/tianwen/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    TIANWEN_LOG_FORMAT=json \
    TIANWEN_MONITOR_HOST=0.0.0.0 \
    TIANWEN_MONITOR_PORT=9464
USER 10001:10001
# The SQLite file and the backups; all else may be read-only but for /tmp.
WORKDIR /data
VOLUME /data
EXPOSE 9464
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-m", "bot.probe"]
ENTRYPOINT ["tianwen"]
CMD ["run"]
