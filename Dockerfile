# The app in a container: docker build -t masnn . && docker run -p 8501:8501 masnn
# With CUDA:               docker build --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130 -t masnn .
#                          docker run --gpus all -p 8501:8501 masnn
FROM python:3.11-slim

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /srv/masnn

# torch first and alone: it is the largest layer, and the one that changes least.
COPY requirements.txt ./
RUN pip install --index-url "$TORCH_INDEX" "$(grep '^torch==' requirements.txt)" \
 && grep -v '^-e' requirements.txt > others.txt && pip install -r others.txt && rm others.txt

COPY pyproject.toml README.md LICENSE ./
COPY masnn masnn
COPY app app
COPY checkpoints checkpoints
COPY .streamlit .streamlit
RUN pip install --no-deps -e . && useradd --create-home masnn
USER masnn

EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "app/main.py", "--server.address=0.0.0.0", "--server.port=8501"]
