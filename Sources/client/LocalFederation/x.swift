package enum LocalFederation {}
