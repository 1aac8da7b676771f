"""The built-in page and its JSON interface: incidents and mentions, without Kibana.

``app.py`` has the routes, ``params.py`` reads what a visitor asks for, ``view.py`` gathers what is shown, ``cards.py``
and ``chart.py`` prepare incidents and charts for the templates, ``security.py`` wraps it all.  The page works without
JavaScript; with it, it refreshes itself.
"""
