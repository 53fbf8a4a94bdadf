# Not tried yet: nothing in the gate builds it. `make run` is the tested way to start.

FROM python:3.12-slim AS build
ENV UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy
RUN pip install --no-cache-dir "uv>=0.8,<1"
WORKDIR /app
# Dependencies first: they change less often than the sources.
COPY pyproject.toml uv.lock README.md ./
RUN uv sync --frozen --no-dev --no-install-project
COPY alembic alembic
COPY src src
RUN uv sync --frozen --no-dev --no-editable

FROM python:3.12-slim
RUN useradd --system --uid 10001 --create-home tailtribe && install -d -o tailtribe /data
COPY --from=build --chown=root:root /app/.venv /app/.venv
COPY NOTICE /app/NOTICE
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000 DATA_DIR=/data
USER tailtribe
WORKDIR /app
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/api/health/live', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["tailtribe"]
CMD ["serve"]
