def run(b):
    pass
