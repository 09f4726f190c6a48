"""The JSON API, version 1: thin routes from parameters to questions to the shape of the answer."""
