# Tertulia in a slim image that runs as an ordinary user. Build: docker build -t tertulia .
FROM python:3.11-slim AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/tertulia
WORKDIR /source
COPY . .
RUN /opt/tertulia/bin/pip install -c constraints.txt '.[s3]'


FROM python:3.11-slim

# ffmpeg takes what phones write into films (places, names) out of them.
RUN apt-get update && apt-get install --yes --no-install-recommends ffmpeg && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin tertulia \
    && install --directory --owner tertulia --mode 0700 /data
COPY --from=build /opt/tertulia /opt/tertulia

ENV PATH=/opt/tertulia/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    TERTULIA_DATA_DIR=/data \
    TERTULIA_LISTEN=0.0.0.0:8080
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/readyz', timeout=4)"]
ENTRYPOINT ["tertulia"]
CMD ["serve"]
