# The web application on a processor: `docker compose up`, see docs/web.md.
FROM python:3.12-slim

# PyTorch's own index has the build without CUDA, which takes 1.3 GB instead of 6. Before
# the sources, so that a change of them does not install it again.
RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu \
    "torch>=2.6,<3" "torchvision>=0.21,<1"

WORKDIR /app
COPY pyproject.toml README.md LICENSE ./
COPY tiefvision ./tiefvision
RUN pip install --no-cache-dir .

RUN useradd --create-home --uid 1000 tiefvision && install -d -o tiefvision /data
USER tiefvision
WORKDIR /data
VOLUME /data
EXPOSE 8765

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", \
    "import urllib.request as web; web.urlopen('http://127.0.0.1:8765/api/health', timeout=4)"]
ENTRYPOINT ["tiefvision"]
CMD ["serve", "--host", "0.0.0.0", "--workspace", "/data/run"]
