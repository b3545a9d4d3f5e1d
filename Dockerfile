FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.txt
COPY . .
ENV PYTHONUNBUFFERED=1 QUORUM_STATIC_ROOT=/srv/static QUORUM_MEDIA_ROOT=/srv/media QUORUM_LOCAL=/srv/local
RUN mkdir -p /srv/media /srv/local && chown nobody /srv/media /srv/local && SECRET_KEY=build python manage.py collectstatic --no-input
USER nobody
EXPOSE 8000
CMD ["gunicorn", "marketplace.wsgi", "--bind=0.0.0.0:8000", "--worker-class=gthread", "--workers=2", "--threads=4", "--no-control-socket"]
