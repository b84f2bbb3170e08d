# One image for the web and for all workers; compose.yaml says what each runs.
#   docker build .                              CPU: no graphics card is looked for
#   docker build --build-arg DEVICE=cuda .      NVIDIA cards that the container is given are used
#   docker build --build-arg TORCH_INDEX=URL .  torch and torchvision from the wheel index URL (see docs/operations.md)
# The plain index's torch for x86-64 carries its CUDA libraries, so that both devices run the same wheel; a CPU-only pair
# is smaller, and must come from an index that has torch and torchvision at the pinned versions.
ARG DEVICE=cpu
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS packages
ARG TORCH_INDEX=
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY requirements.txt constraints.txt ./
RUN python -m venv /opt/venv
# torchvision works only with the torch build that it was made with: the two are always fetched from one index, together.
RUN if [ -n "$TORCH_INDEX" ]; then \
        grep -E '^torch(vision)?==' requirements.txt > torch.txt \
        && /opt/venv/bin/pip install --index-url "$TORCH_INDEX" --requirement torch.txt; \
    fi \
    && /opt/venv/bin/pip install --requirement requirements.txt

FROM ${PYTHON_IMAGE} AS runtime
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin app \
    && install --directory --owner app --group app /srv/media /srv/var /srv/models /srv/static
COPY --from=packages /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DEEPFAKE_VAR=/srv/var \
    DEEPFAKE_CACHE=/srv/var/cache \
    DEEPFAKE_MODELS=/srv/models \
    MEDIA_ROOT=/srv/media \
    DJANGO_STATIC_ROOT=/srv/static
WORKDIR /app
COPY . .
# The key only lets the settings load here; it is in no layer's environment.
RUN DJANGO_SECRET_KEY=build python manage.py collectstatic --noinput
USER app
EXPOSE 8000
VOLUME ["/srv/media", "/srv/var", "/srv/models"]
CMD ["gunicorn", "deepfake_site.wsgi", "--bind", "0.0.0.0:8000", "--no-control-socket", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "8", "--timeout", "120", "--worker-tmp-dir", "/dev/shm"]

FROM runtime AS device-cpu
ENV CUDA_VISIBLE_DEVICES=""

FROM runtime AS device-cuda
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility

FROM device-${DEVICE}
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
