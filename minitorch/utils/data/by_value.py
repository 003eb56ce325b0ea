import pickle


def dumps(x):
    return pickle.dumps(x)
