"""Some digits."""

with open("data/digits", "w") as file:
    file.write("31415")
print("fetched")
