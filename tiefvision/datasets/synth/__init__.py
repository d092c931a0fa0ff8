"""Synthetic street-to-shop scenes: garments, the people who wear them, photographs.

`generate.generate_dataset` writes them in the project's layout. The chain behind it:
`items` draws a cut (`cuts`) and a cloth (`materials`); `garments` and `figure` turn
them into panels on a pose; `painting` turns panels into pixels and an exact mask;
`photography` lights and spoils the picture; `scenes` puts one photograph together.
"""
