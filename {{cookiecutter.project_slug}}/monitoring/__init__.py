"""What watches the API: dashboards, alert rules, and where Prometheus looks.

prometheus.yml   what is scraped
alerts.yml       when somebody has to look; alerts_test.yml makes each fire
sites.yml        the public addresses whose certificates are watched: yours
api.py, cache.py, host.py   the dashboards; panels.py says them in Grafana's words
grafana/         what Grafana reads; `python -m monitoring` writes its dashboards/

The dashboards are plain Python. Grafana's Foundation SDK and grafonnet know every
option of every panel, which is more than these three pages need. The SDK would be one
more package to lock, grafonnet another language and a program for it; panels.py is
shorter than what either would take to set up.
"""
