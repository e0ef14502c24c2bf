// swift-format-ignore-file
// The text of docs/api/openapi.json, which a test compares with this; the routes are compared too.

/// The description of the API that the node serves at `/openapi.json`.
package enum OpenAPIDocument {
    static let bytes = Array(text.utf8)

    package static let text = #"""
{
 "openapi": "3.1.0",
 "info": {
  "title": "Jupiter node",
  "version": "0.1.0",
  "summary": "HTTP API of a Jupiter node.",
  "description": "Every chain of the federation, mainnet and localities alike, answers to this. Whatever is committed can be checked with the proofs given here, without trusting the node. Errors carry a stable code and name.",
  "license": {
   "name": "Apache-2.0",
   "identifier": "Apache-2.0"
  }
 },
 "servers": [
  {
   "url": "/",
   "description": "The node that served this document."
  }
 ],
 "security": [
  {},
  {
   "token": []
  }
 ],
 "tags": [
  {
   "name": "node"
  },
  {
   "name": "chain"
  },
  {
   "name": "transactions"
  },
  {
   "name": "state"
  },
  {
   "name": "registry"
  },
  {
   "name": "trust"
  },
  {
   "name": "records"
  },
  {
   "name": "consents"
  },
  {
   "name": "erasures"
  },
  {
   "name": "jobs"
  },
  {
   "name": "keys"
  },
  {
   "name": "events"
  },
  {
   "name": "console"
  }
 ],
 "paths": {
  "/health": {
   "get": {
    "operationId": "health",
    "tags": [
     "node"
    ],
    "summary": "Whether the process answers",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Health"
        }
       }
      }
     }
    },
    "security": []
   }
  },
  "/ready": {
   "get": {
    "operationId": "ready",
    "tags": [
     "node"
    ],
    "summary": "Whether the node should be sent work",
    "responses": {
     "200": {
      "description": "It is ready.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Ready"
        }
       }
      }
     },
     "503": {
      "description": "It is not ready; the reasons say why.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Ready"
        }
       }
      }
     }
    },
    "security": []
   }
  },
  "/metrics": {
   "get": {
    "operationId": "metrics",
    "tags": [
     "node"
    ],
    "summary": "Metrics in the text format of Prometheus",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "text/plain": {
        "schema": {
         "type": "string"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/openapi.json": {
   "get": {
    "operationId": "openapi",
    "tags": [
     "node"
    ],
    "summary": "This document",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "type": "object"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/v1/status": {
   "get": {
    "operationId": "status",
    "tags": [
     "node"
    ],
    "summary": "Chain, head, consensus, plan, peers, mempool and enclave",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Status"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/v1/genesis": {
   "get": {
    "operationId": "genesis",
    "tags": [
     "node"
    ],
    "summary": "The chain's genesis",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Genesis"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/v1/blocks": {
   "get": {
    "operationId": "listBlocks",
    "tags": [
     "chain"
    ],
    "summary": "Blocks, newest first",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Blocks"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "limit",
      "in": "query",
      "required": false,
      "schema": {
       "type": "integer",
       "minimum": 1,
       "maximum": 1000,
       "default": 20
      },
      "description": "How many at most."
     },
     {
      "name": "before",
      "in": "query",
      "required": false,
      "schema": {
       "type": "integer",
       "minimum": 0
      },
      "description": "Only blocks below this height."
     }
    ]
   }
  },
  "/v1/blocks/{height}": {
   "get": {
    "operationId": "getBlock",
    "tags": [
     "chain"
    ],
    "summary": "A block",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Block"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "404": {
      "description": "It is not on this chain.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "height",
      "in": "path",
      "required": true,
      "schema": {
       "type": "integer",
       "minimum": 0
      },
      "description": "Its height."
     }
    ]
   }
  },
  "/v1/headers": {
   "get": {
    "operationId": "listHeaders",
    "tags": [
     "chain"
    ],
    "summary": "What a light client must be shown: the ends of the epochs after a height, then the newest certified header",
    "parameters": [
     {
      "name": "after",
      "in": "query",
      "required": false,
      "schema": {
       "type": "integer",
       "minimum": 0
      },
      "description": "The height that the light client trusts; 0 is the genesis."
     }
    ],
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "type": "object",
         "properties": {
          "headers": {
           "type": "array",
           "items": {
            "$ref": "#/components/schemas/CertifiedHeader"
           }
          }
         },
         "required": [
          "headers"
         ]
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "404": {
      "description": "It is not on this chain.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/v1/headers/{height}": {
   "get": {
    "operationId": "getHeader",
    "tags": [
     "chain"
    ],
    "summary": "A header with what makes it final, a certificate or CometBFT's finality; latest is the newest that has it",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/CertifiedHeader"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "404": {
      "description": "It is not on this chain.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "height",
      "in": "path",
      "required": true,
      "schema": {
       "anyOf": [
        {
         "type": "integer",
         "minimum": 1
        },
        {
         "const": "latest"
        }
       ]
      },
      "description": "Its height, or latest."
     }
    ]
   }
  },
  "/v1/transactions": {
   "post": {
    "operationId": "submitTransaction",
    "tags": [
     "transactions"
    ],
    "summary": "Hand over a signed transaction",
    "responses": {
     "202": {
      "description": "It waits for a block.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Accepted"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "409": {
      "description": "This node has the transaction already.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "413": {
      "description": "The body is too large.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "422": {
      "description": "The transaction is refused.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "429": {
      "description": "Too much waits; come back later.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      },
      "headers": {
       "Retry-After": {
        "schema": {
         "type": "integer"
        },
        "description": "Seconds."
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "$ref": "#/components/schemas/Submission"
       }
      },
      "application/protobuf": {
       "schema": {
        "type": "string",
        "format": "binary"
       }
      }
     }
    }
   }
  },
  "/v1/transactions/batch": {
   "post": {
    "operationId": "submitTransactions",
    "tags": [
     "transactions"
    ],
    "summary": "Hand over many signed transactions; as protobuf: jupiter.v1.TransactionWithSidecars each after its length (4 bytes, big-endian)",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/BatchResults"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "413": {
      "description": "The body is too large.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "429": {
      "description": "Too much waits; come back later.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      },
      "headers": {
       "Retry-After": {
        "schema": {
         "type": "integer"
        },
        "description": "Seconds."
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "$ref": "#/components/schemas/Batch"
       }
      },
      "application/protobuf": {
       "schema": {
        "type": "string",
        "format": "binary"
       }
      }
     }
    }
   }
  },
  "/v1/transactions/{id}": {
   "get": {
    "operationId": "getTransaction",
    "tags": [
     "transactions"
    ],
    "summary": "What became of a transaction",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Transaction"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "id",
      "in": "path",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Hash"
      },
      "description": "Its identifier."
     },
     {
      "name": "wait",
      "in": "query",
      "required": false,
      "schema": {
       "type": "integer",
       "minimum": 0,
       "maximum": 60,
       "default": 0
      },
      "description": "Seconds to wait for its block."
     }
    ]
   }
  },
  "/v1/transactions/{id}/proof": {
   "get": {
    "operationId": "getReceiptProof",
    "tags": [
     "transactions"
    ],
    "summary": "A receipt with its proof up to a certificate",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/ReceiptProof"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "404": {
      "description": "It is not on this chain.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "id",
      "in": "path",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Hash"
      },
      "description": "The transaction's identifier."
     }
    ]
   }
  },
  "/v1/receipts": {
   "post": {
    "operationId": "getReceipts",
    "tags": [
     "transactions"
    ],
    "summary": "What became of many transactions",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Receipts"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "413": {
      "description": "The body is too large.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "$ref": "#/components/schemas/ReceiptQuery"
       }
      }
     }
    }
   }
  },
  "/v1/state/{key}": {
   "get": {
    "operationId": "getState",
    "tags": [
     "state"
    ],
    "summary": "A value of the state, with its proof if asked for",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/StateValue"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "404": {
      "description": "It is not on this chain.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "key",
      "in": "path",
      "required": true,
      "schema": {
       "type": "string",
       "pattern": "^([0-9a-fA-F]{2})+$"
      },
      "description": "The raw key, hexadecimal."
     },
     {
      "name": "prove",
      "in": "query",
      "required": false,
      "schema": {
       "type": "boolean",
       "default": false
      },
      "description": "Whether to add the proof."
     },
     {
      "name": "height",
      "in": "query",
      "required": false,
      "schema": {
       "type": "integer",
       "minimum": 0
      },
      "description": "The state after this block; the newest when left out."
     }
    ]
   }
  },
  "/v1/accounts/{address}": {
   "get": {
    "operationId": "getAccount",
    "tags": [
     "state"
    ],
    "summary": "An account",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Account"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "address",
      "in": "path",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Address"
      },
      "description": "The account."
     }
    ]
   }
  },
  "/v1/sidecars/{hash}": {
   "get": {
    "operationId": "getSidecar",
    "tags": [
     "state"
    ],
    "summary": "A sidecar: ciphertext of a record, a program's code, or a sealed result",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/octet-stream": {
        "schema": {
         "type": "string",
         "format": "binary"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "404": {
      "description": "It is not on this chain.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "hash",
      "in": "path",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Hash"
      },
      "description": "Its commitment."
     }
    ]
   }
  },
  "/v1/datasets": {
   "get": {
    "operationId": "listDatasets",
    "tags": [
     "registry"
    ],
    "summary": "Datasets",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Datasets"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "limit",
      "in": "query",
      "required": false,
      "schema": {
       "type": "integer",
       "minimum": 1,
       "maximum": 1000,
       "default": 100
      },
      "description": "How many at most."
     },
     {
      "name": "after",
      "in": "query",
      "required": false,
      "schema": {
       "type": "string"
      },
      "description": "The value of next in the page before."
     }
    ]
   }
  },
  "/v1/datasets/{id}": {
   "get": {
    "operationId": "getDataset",
    "tags": [
     "registry"
    ],
    "summary": "A dataset",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Dataset"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "404": {
      "description": "It is not on this chain.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "id",
      "in": "path",
      "required": true,
      "schema": {
       "type": "string"
      },
      "description": "Its name."
     }
    ]
   }
  },
  "/v1/programs": {
   "get": {
    "operationId": "listPrograms",
    "tags": [
     "registry"
    ],
    "summary": "Programs",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Programs"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "limit",
      "in": "query",
      "required": false,
      "schema": {
       "type": "integer",
       "minimum": 1,
       "maximum": 1000,
       "default": 100
      },
      "description": "How many at most."
     },
     {
      "name": "after",
      "in": "query",
      "required": false,
      "schema": {
       "type": "string"
      },
      "description": "The value of next in the page before."
     }
    ]
   }
  },
  "/v1/programs/{hash}": {
   "get": {
    "operationId": "getProgram",
    "tags": [
     "registry"
    ],
    "summary": "A program",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Program"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "404": {
      "description": "It is not on this chain.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "hash",
      "in": "path",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Hash"
      },
      "description": "The hash of its code."
     }
    ]
   }
  },
  "/v1/enclaves": {
   "get": {
    "operationId": "listEnclaves",
    "tags": [
     "registry"
    ],
    "summary": "Enclaves",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Enclaves"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "limit",
      "in": "query",
      "required": false,
      "schema": {
       "type": "integer",
       "minimum": 1,
       "maximum": 1000,
       "default": 100
      },
      "description": "How many at most."
     },
     {
      "name": "after",
      "in": "query",
      "required": false,
      "schema": {
       "type": "string"
      },
      "description": "The value of next in the page before."
     }
    ]
   }
  },
  "/v1/enclaves/{id}": {
   "get": {
    "operationId": "getEnclave",
    "tags": [
     "registry"
    ],
    "summary": "One enclave",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Enclave"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "404": {
      "description": "It is not on this chain.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "id",
      "in": "path",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Hash"
      },
      "description": "The enclave."
     }
    ]
   }
  },
  "/v1/references": {
   "get": {
    "operationId": "listReferenceValues",
    "tags": [
     "registry"
    ],
    "summary": "Builds of the enclave that governance accepts",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/ReferenceValues"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "limit",
      "in": "query",
      "required": false,
      "schema": {
       "type": "integer",
       "minimum": 1,
       "maximum": 1000,
       "default": 100
      },
      "description": "How many at most."
     },
     {
      "name": "after",
      "in": "query",
      "required": false,
      "schema": {
       "type": "string"
      },
      "description": "The value of next in the page before."
     }
    ]
   }
  },
  "/v1/endorsements": {
   "get": {
    "operationId": "listEndorsements",
    "tags": [
     "registry"
    ],
    "summary": "What the vendors signed about their platforms",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Endorsements"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "limit",
      "in": "query",
      "required": false,
      "schema": {
       "type": "integer",
       "minimum": 1,
       "maximum": 1000,
       "default": 100
      },
      "description": "How many at most."
     },
     {
      "name": "after",
      "in": "query",
      "required": false,
      "schema": {
       "type": "string"
      },
      "description": "The value of next in the page before."
     }
    ]
   }
  },
  "/v1/localities": {
   "get": {
    "operationId": "listLocalities",
    "tags": [
     "registry"
    ],
    "summary": "Localities known to this chain, with their newest checkpoints",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Localities"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "limit",
      "in": "query",
      "required": false,
      "schema": {
       "type": "integer",
       "minimum": 1,
       "maximum": 1000,
       "default": 100
      },
      "description": "How many at most."
     },
     {
      "name": "after",
      "in": "query",
      "required": false,
      "schema": {
       "type": "string"
      },
      "description": "The value of next in the page before."
     }
    ]
   }
  },
  "/v1/validators": {
   "get": {
    "operationId": "listValidators",
    "tags": [
     "trust"
    ],
    "summary": "Validators with their weights, and what waits for the ends of epochs",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Validators"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/v1/peers": {
   "get": {
    "operationId": "listPeers",
    "tags": [
     "trust"
    ],
    "summary": "The chain's other nodes, as this one stands to them",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Peers"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/v1/governance/proposals": {
   "get": {
    "operationId": "listProposals",
    "tags": [
     "trust"
    ],
    "summary": "Proposals that can be voted for",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Proposals"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/v1/governance/proposals/{id}": {
   "get": {
    "operationId": "getProposal",
    "tags": [
     "trust"
    ],
    "summary": "A proposal, open or decided",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Proposal"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "404": {
      "description": "It is not on this chain.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "id",
      "in": "path",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Hash"
      },
      "description": "Its identifier."
     }
    ]
   }
  },
  "/v1/governance/parameters": {
   "get": {
    "operationId": "getParameters",
    "tags": [
     "trust"
    ],
    "summary": "The chain's rules that governance may change",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/ChainParameters"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/v1/governance/attestation": {
   "get": {
    "operationId": "getAttestationRules",
    "tags": [
     "trust"
    ],
    "summary": "The rules of appraisal",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/AttestationRules"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/v1/records": {
   "get": {
    "operationId": "listRecords",
    "tags": [
     "records"
    ],
    "summary": "The records of an account: what the chain knows of them, never their content",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Records"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "owner",
      "in": "query",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Address"
      },
      "description": "Whose."
     },
     {
      "name": "limit",
      "in": "query",
      "required": false,
      "schema": {
       "type": "integer",
       "minimum": 1,
       "maximum": 1000,
       "default": 100
      },
      "description": "How many at most."
     },
     {
      "name": "after",
      "in": "query",
      "required": false,
      "schema": {
       "type": "string"
      },
      "description": "The value of next in the page before."
     }
    ]
   }
  },
  "/v1/consents": {
   "get": {
    "operationId": "listConsents",
    "tags": [
     "consents"
    ],
    "summary": "The grants of an account",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Consents"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "subject",
      "in": "query",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Address"
      },
      "description": "Whose."
     },
     {
      "name": "limit",
      "in": "query",
      "required": false,
      "schema": {
       "type": "integer",
       "minimum": 1,
       "maximum": 1000,
       "default": 100
      },
      "description": "How many at most."
     },
     {
      "name": "after",
      "in": "query",
      "required": false,
      "schema": {
       "type": "string"
      },
      "description": "The value of next in the page before."
     }
    ]
   }
  },
  "/v1/erasures": {
   "get": {
    "operationId": "listErasures",
    "tags": [
     "erasures"
    ],
    "summary": "The erasures of an account, oldest first",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Erasures"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "subject",
      "in": "query",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Address"
      },
      "description": "Whose."
     },
     {
      "name": "limit",
      "in": "query",
      "required": false,
      "schema": {
       "type": "integer",
       "minimum": 1,
       "maximum": 1000,
       "default": 100
      },
      "description": "How many at most."
     },
     {
      "name": "after",
      "in": "query",
      "required": false,
      "schema": {
       "type": "string"
      },
      "description": "The value of next in the page before."
     }
    ]
   }
  },
  "/v1/erasures/{id}": {
   "get": {
    "operationId": "getErasure",
    "tags": [
     "erasures"
    ],
    "summary": "How far an erasure is: its certificate",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Erasure"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "404": {
      "description": "It is not on this chain.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "id",
      "in": "path",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Hash"
      },
      "description": "Its identifier."
     }
    ]
   }
  },
  "/v1/assessments": {
   "get": {
    "operationId": "listAssessments",
    "tags": [
     "jobs"
    ],
    "summary": "Assessments, in the order of their identifiers",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Assessments"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "limit",
      "in": "query",
      "required": false,
      "schema": {
       "type": "integer",
       "minimum": 1,
       "maximum": 1000,
       "default": 100
      },
      "description": "How many at most."
     },
     {
      "name": "after",
      "in": "query",
      "required": false,
      "schema": {
       "type": "string"
      },
      "description": "The value of next in the page before."
     }
    ]
   }
  },
  "/v1/assessments/{id}": {
   "get": {
    "operationId": "getAssessment",
    "tags": [
     "jobs"
    ],
    "summary": "An assessment",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Assessment"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "404": {
      "description": "It is not on this chain.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "id",
      "in": "path",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Hash"
      },
      "description": "Its identifier."
     }
    ]
   }
  },
  "/v1/subscriptions": {
   "get": {
    "operationId": "listSubscriptions",
    "tags": [
     "jobs"
    ],
    "summary": "Subscriptions, in the order of their identifiers",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Subscriptions"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "limit",
      "in": "query",
      "required": false,
      "schema": {
       "type": "integer",
       "minimum": 1,
       "maximum": 1000,
       "default": 100
      },
      "description": "How many at most."
     },
     {
      "name": "after",
      "in": "query",
      "required": false,
      "schema": {
       "type": "string"
      },
      "description": "The value of next in the page before."
     }
    ]
   }
  },
  "/v1/subscriptions/{id}": {
   "get": {
    "operationId": "getSubscription",
    "tags": [
     "jobs"
    ],
    "summary": "A subscription",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Subscription"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "404": {
      "description": "It is not on this chain.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "id",
      "in": "path",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Hash"
      },
      "description": "Its identifier."
     }
    ]
   }
  },
  "/v1/enclaves/{id}/proof": {
   "get": {
    "operationId": "getEnclaveProof",
    "tags": [
     "keys"
    ],
    "summary": "What proves an enclave to a wallet, with its evidence",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/EnclaveProof"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "404": {
      "description": "It is not on this chain.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "503": {
      "description": "Not available now.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "id",
      "in": "path",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Hash"
      },
      "description": "The enclave."
     }
    ]
   }
  },
  "/v1/enclaves/{id}/session": {
   "get": {
    "operationId": "getEnclaveSession",
    "tags": [
     "keys"
    ],
    "summary": "What is sealed to an enclave now, signed by it",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/EnclaveSession"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "503": {
      "description": "Not available now.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "id",
      "in": "path",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Hash"
      },
      "description": "The enclave."
     }
    ]
   }
  },
  "/v1/enclaves/{id}/replica": {
   "post": {
    "operationId": "exportReplica",
    "tags": [
     "keys"
    ],
    "summary": "Give a part of an enclave's vault to another enclave, which it appraises first",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/ReplicaReply"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "413": {
      "description": "The body is too large.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "503": {
      "description": "Not available now.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "$ref": "#/components/schemas/ReplicaRequest"
       }
      }
     }
    },
    "parameters": [
     {
      "name": "id",
      "in": "path",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Hash"
      },
      "description": "One of this node's enclaves."
     }
    ]
   }
  },
  "/v1/enclaves/{id}/recovery": {
   "post": {
    "operationId": "exportRecovery",
    "tags": [
     "keys"
    ],
    "summary": "Make a recovery package",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/RecoveryPackage"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "413": {
      "description": "The body is too large.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "503": {
      "description": "Not available now.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "id",
      "in": "path",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Hash"
      },
      "description": "One of this node's enclaves."
     }
    ]
   }
  },
  "/v1/enclaves/{id}/recover": {
   "post": {
    "operationId": "recover",
    "tags": [
     "keys"
    ],
    "summary": "Bring a vault back from a package and its holders' shares",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Recovered"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "413": {
      "description": "The body is too large.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "503": {
      "description": "Not available now.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "$ref": "#/components/schemas/RecoveryPackage"
       }
      }
     }
    },
    "parameters": [
     {
      "name": "id",
      "in": "path",
      "required": true,
      "schema": {
       "$ref": "#/components/schemas/Hash"
      },
      "description": "One of this node's enclaves."
     }
    ]
   }
  },
  "/v1/enrolments": {
   "post": {
    "operationId": "enrol",
    "tags": [
     "keys"
    ],
    "summary": "Pass sealed subject keys on to the enclave",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/EnrolmentOutcomes"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "413": {
      "description": "The body is too large.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "503": {
      "description": "Not available now.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "$ref": "#/components/schemas/Enrolments"
       }
      }
     }
    }
   }
  },
  "/v1/events": {
   "get": {
    "operationId": "events",
    "tags": [
     "events"
    ],
    "summary": "Committed blocks and receipts as server-sent events: block carries a BlockLine, receipt a Receipt",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "text/event-stream": {
        "schema": {
         "type": "string"
        }
       }
      }
     },
     "400": {
      "description": "A parameter or the body is not what it should be.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     },
     "429": {
      "description": "Too much waits; come back later.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      },
      "headers": {
       "Retry-After": {
        "schema": {
         "type": "integer"
        },
        "description": "Seconds."
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    },
    "parameters": [
     {
      "name": "kinds",
      "in": "query",
      "required": false,
      "schema": {
       "type": "string",
       "default": "block,receipt"
      },
      "description": "block, receipt, or both with a comma."
     },
     {
      "name": "account",
      "in": "query",
      "required": false,
      "schema": {
       "$ref": "#/components/schemas/Address"
      },
      "description": "Only receipts of or about this account."
     }
    ]
   }
  },
  "/": {
   "get": {
    "operationId": "console",
    "tags": [
     "console"
    ],
    "summary": "The web console",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "text/html": {
        "schema": {
         "type": "string"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/console.css": {
   "get": {
    "operationId": "consoleStyle",
    "tags": [
     "console"
    ],
    "summary": "A file of the web console",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "text/css": {
        "schema": {
         "type": "string"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/console.js": {
   "get": {
    "operationId": "consoleScript",
    "tags": [
     "console"
    ],
    "summary": "A file of the web console",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "text/javascript": {
        "schema": {
         "type": "string"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  },
  "/chart.js": {
   "get": {
    "operationId": "consoleChart",
    "tags": [
     "console"
    ],
    "summary": "A file of the web console",
    "responses": {
     "200": {
      "description": "The answer.",
      "content": {
       "text/javascript": {
        "schema": {
         "type": "string"
        }
       }
      }
     },
     "default": {
      "description": "An error, with what to do next.",
      "content": {
       "application/json": {
        "schema": {
         "$ref": "#/components/schemas/Error"
        }
       }
      }
     }
    }
   }
  }
 },
 "components": {
  "schemas": {
   "Hash": {
    "type": "string",
    "pattern": "^[0-9a-f]{64}$",
    "description": "32 bytes, hexadecimal."
   },
   "Address": {
    "type": "string",
    "pattern": "^jup1[02-9ac-hj-np-z]+$",
    "description": "An account: bech32m of the hash of its public key."
   },
   "Bytes": {
    "type": "string",
    "contentEncoding": "base64",
    "description": "Bytes, base64."
   },
   "Time": {
    "type": "integer",
    "minimum": 0,
    "description": "Milliseconds since 1970-01-01T00:00:00Z."
   },
   "Amount": {
    "type": "integer",
    "minimum": 0,
    "description": "Micro-JUPT: a millionth of a JUPT."
   },
   "ErrorDetail": {
    "type": "object",
    "properties": {
     "code": {
      "type": "integer",
      "minimum": 0,
      "description": "Stable: never reused, never renumbered."
     },
     "name": {
      "type": "string",
      "description": "Stable, such as consent.withdrawn."
     },
     "reason": {
      "type": "string",
      "description": "What happened, for a person."
     },
     "next": {
      "type": "string",
      "description": "What to do."
     }
    },
    "required": [
     "code",
     "name",
     "reason"
    ]
   },
   "Error": {
    "type": "object",
    "properties": {
     "error": {
      "$ref": "#/components/schemas/ErrorDetail"
     }
    },
    "required": [
     "error"
    ]
   },
   "Health": {
    "type": "object",
    "properties": {
     "status": {
      "const": "ok"
     }
    },
    "required": [
     "status"
    ]
   },
   "Ready": {
    "type": "object",
    "properties": {
     "ready": {
      "type": "boolean"
     },
     "reasons": {
      "type": "array",
      "items": {
       "type": "string"
      }
     }
    },
    "required": [
     "ready",
     "reasons"
    ]
   },
   "EnclaveStatus": {
    "type": "object",
    "properties": {
     "connected": {
      "type": "boolean"
     },
     "id": {
      "$ref": "#/components/schemas/Hash"
     },
     "platform": {
      "type": "string"
     },
     "label": {
      "type": "string",
      "description": "What the chain shows of it, once it is registered."
     },
     "simulated": {
      "type": "boolean",
      "description": "Process isolation only: nothing about it is attested by hardware."
     },
     "assurance": {
      "type": "string"
     },
     "serving": {
      "type": "boolean"
     },
     "expires": {
      "type": "integer",
      "minimum": 0,
      "description": "Milliseconds of block time at which its evidence is too old."
     },
     "suspension": {
      "type": "string",
      "description": "Why it is suspended."
     },
     "trustedHeight": {
      "type": "integer",
      "minimum": 0
     },
     "vault": {
      "$ref": "#/components/schemas/Hash"
     },
     "vaultVersion": {
      "type": "integer",
      "minimum": 0,
      "description": "How many changes the vault has seen."
     },
     "subjectKeys": {
      "type": "integer",
      "minimum": 0,
      "description": "How many subject keys the vault holds."
     }
    },
    "required": [
     "connected",
     "platform",
     "simulated",
     "serving",
     "trustedHeight",
     "vaultVersion",
     "subjectKeys"
    ]
   },
   "Status": {
    "type": "object",
    "properties": {
     "chainId": {
      "type": "string"
     },
     "height": {
      "type": "integer",
      "minimum": 0
     },
     "headHash": {
      "$ref": "#/components/schemas/Hash"
     },
     "stateRoot": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Hash"
       }
      ],
      "description": "After the newest block; header height+1 proves it."
     },
     "time": {
      "$ref": "#/components/schemas/Time"
     },
     "profile": {
      "enum": [
       "byzantine",
       "crash"
      ]
     },
     "engine": {
      "enum": [
       "simplex",
       "cometbft"
      ],
      "description": "Which engine decides the blocks, and so what makes a header final."
     },
     "genesisHash": {
      "$ref": "#/components/schemas/Hash"
     },
     "nodeVersion": {
      "type": "string"
     },
     "operator": {
      "$ref": "#/components/schemas/Address"
     },
     "minimumFee": {
      "$ref": "#/components/schemas/Amount"
     },
     "epoch": {
      "type": "integer",
      "minimum": 0,
      "description": "Of the next block."
     },
     "validators": {
      "type": "object",
      "properties": {
       "voting": {
        "type": "integer",
        "minimum": 0,
        "description": "How many have weight in the present set."
       },
       "totalWeight": {
        "type": "integer",
        "minimum": 0
       }
      },
      "required": [
       "voting",
       "totalWeight"
      ]
     },
     "plan": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/PendingChange"
      },
      "description": "What waits for the ends of coming epochs."
     },
     "parametersChange": {
      "type": "boolean",
      "description": "Whether other parameters hold from the next epoch on."
     },
     "consensus": {
      "$ref": "#/components/schemas/Consensus"
     },
     "peers": {
      "type": "object",
      "properties": {
       "known": {
        "type": "integer",
        "minimum": 0,
        "description": "Other nodes that the state names."
       },
       "connected": {
        "type": "integer",
        "minimum": 0
       }
      },
      "required": [
       "known",
       "connected"
      ]
     },
     "sync": {
      "$ref": "#/components/schemas/Sync"
     },
     "mempool": {
      "type": "object",
      "properties": {
       "transactions": {
        "type": "integer",
        "minimum": 0
       },
       "bytes": {
        "type": "integer",
        "minimum": 0
       }
      },
      "required": [
       "transactions",
       "bytes"
      ]
     },
     "enclave": {
      "$ref": "#/components/schemas/EnclaveStatus"
     },
     "enclaves": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/EnclaveStatus"
      },
      "description": "All of the node's enclaves, in the order of its configuration; `enclave` is the one that takes enrolments."
     },
     "hasReplicaSource": {
      "type": "boolean",
      "description": "Whether these take over the keys of another node's enclaves."
     },
     "localities": {
      "type": "integer",
      "minimum": 0,
      "description": "Localities registered on this chain."
     }
    },
    "required": [
     "chainId",
     "height",
     "headHash",
     "stateRoot",
     "time",
     "profile",
     "engine",
     "genesisHash",
     "nodeVersion",
     "operator",
     "minimumFee",
     "epoch",
     "validators",
     "plan",
     "parametersChange",
     "peers",
     "sync",
     "mempool",
     "enclaves",
     "hasReplicaSource",
     "localities"
    ]
   },
   "Genesis": {
    "type": "object",
    "properties": {
     "genesis": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Bytes"
       }
      ],
      "description": "Encoded jupiter.v1.Genesis."
     },
     "hash": {
      "$ref": "#/components/schemas/Hash"
     }
    },
    "required": [
     "genesis",
     "hash"
    ]
   },
   "BlockLine": {
    "type": "object",
    "properties": {
     "height": {
      "type": "integer",
      "minimum": 0
     },
     "hash": {
      "$ref": "#/components/schemas/Hash"
     },
     "time": {
      "$ref": "#/components/schemas/Time"
     },
     "transactions": {
      "type": "integer",
      "minimum": 0
     },
     "bytes": {
      "type": "integer",
      "minimum": 0
     }
    },
    "required": [
     "height",
     "hash",
     "time",
     "transactions",
     "bytes"
    ]
   },
   "Blocks": {
    "type": "object",
    "properties": {
     "blocks": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/BlockLine"
      }
     }
    },
    "required": [
     "blocks"
    ]
   },
   "Header": {
    "type": "object",
    "properties": {
     "chainId": {
      "type": "string"
     },
     "height": {
      "type": "integer",
      "minimum": 0
     },
     "epoch": {
      "type": "integer",
      "minimum": 0
     },
     "parent": {
      "$ref": "#/components/schemas/Hash"
     },
     "proposer": {
      "$ref": "#/components/schemas/Hash"
     },
     "time": {
      "$ref": "#/components/schemas/Time"
     },
     "transactionsRoot": {
      "$ref": "#/components/schemas/Hash"
     },
     "evidenceRoot": {
      "$ref": "#/components/schemas/Hash"
     },
     "stateRoot": {
      "$ref": "#/components/schemas/Hash"
     },
     "receiptsRoot": {
      "$ref": "#/components/schemas/Hash"
     },
     "validatorsHash": {
      "$ref": "#/components/schemas/Hash"
     },
     "nextValidatorsHash": {
      "$ref": "#/components/schemas/Hash"
     },
     "lastOfEpoch": {
      "type": "boolean"
     },
     "applicationVersion": {
      "type": "integer",
      "minimum": 0
     }
    },
    "required": [
     "chainId",
     "height",
     "epoch",
     "parent",
     "proposer",
     "time",
     "transactionsRoot",
     "evidenceRoot",
     "stateRoot",
     "receiptsRoot",
     "validatorsHash",
     "nextValidatorsHash",
     "lastOfEpoch",
     "applicationVersion"
    ]
   },
   "Block": {
    "type": "object",
    "properties": {
     "height": {
      "type": "integer",
      "minimum": 0
     },
     "hash": {
      "$ref": "#/components/schemas/Hash"
     },
     "bytes": {
      "type": "integer",
      "minimum": 0
     },
     "header": {
      "$ref": "#/components/schemas/Header"
     },
     "transactions": {
      "type": "array",
      "items": {
       "type": "object",
       "properties": {
        "id": {
         "$ref": "#/components/schemas/Hash"
        },
        "sender": {
         "$ref": "#/components/schemas/Address"
        },
        "messages": {
         "type": "array",
         "items": {
          "type": "string"
         }
        }
       },
       "required": [
        "id",
        "sender",
        "messages"
       ]
      }
     }
    },
    "required": [
     "height",
     "hash",
     "bytes",
     "header",
     "transactions"
    ]
   },
   "CertifiedHeader": {
    "type": "object",
    "properties": {
     "height": {
      "type": "integer",
      "minimum": 0
     },
     "hash": {
      "$ref": "#/components/schemas/Hash"
     },
     "header": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Bytes"
       }
      ],
      "description": "Encoded jupiter.v1.Header."
     },
     "certificate": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Bytes"
       }
      ],
      "description": "Encoded jupiter.v1.Certificate."
     },
     "nextValidators": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Bytes"
       }
      ],
      "description": "Encoded jupiter.v1.ValidatorSet, only with the last header of an epoch."
     }
    },
    "required": [
     "height",
     "hash",
     "header",
     "certificate"
    ]
   },
   "Submission": {
    "type": "object",
    "properties": {
     "transaction": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Bytes"
       }
      ],
      "description": "Encoded jupiter.v1.Transaction."
     },
     "sidecars": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Bytes"
      }
     }
    },
    "required": [
     "transaction"
    ]
   },
   "Accepted": {
    "type": "object",
    "properties": {
     "id": {
      "$ref": "#/components/schemas/Hash"
     }
    },
    "required": [
     "id"
    ]
   },
   "Batch": {
    "type": "object",
    "properties": {
     "transactions": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Submission"
      },
      "maxItems": 10000
     }
    },
    "required": [
     "transactions"
    ]
   },
   "BatchResults": {
    "type": "object",
    "properties": {
     "results": {
      "type": "array",
      "items": {
       "type": "object",
       "properties": {
        "id": {
         "$ref": "#/components/schemas/Hash"
        },
        "error": {
         "$ref": "#/components/schemas/ErrorDetail"
        }
       },
       "required": []
      }
     }
    },
    "required": [
     "results"
    ]
   },
   "Event": {
    "type": "object",
    "properties": {
     "type": {
      "type": "string",
      "description": "<module>.<event>"
     },
     "id": {
      "type": "string",
      "description": "What it is about, hexadecimal."
     },
     "account": {
      "$ref": "#/components/schemas/Address"
     },
     "amount": {
      "$ref": "#/components/schemas/Amount"
     },
     "label": {
      "type": "string",
      "description": "Of the enclave that did it."
     }
    },
    "required": [
     "type",
     "id",
     "amount"
    ]
   },
   "Receipt": {
    "type": "object",
    "properties": {
     "id": {
      "$ref": "#/components/schemas/Hash"
     },
     "height": {
      "type": "integer",
      "minimum": 0
     },
     "index": {
      "type": "integer",
      "minimum": 0
     },
     "code": {
      "type": "integer",
      "minimum": 0,
      "description": "0, or a stable error code."
     },
     "name": {
      "type": "string"
     },
     "reason": {
      "type": "string"
     },
     "fee": {
      "$ref": "#/components/schemas/Amount"
     },
     "events": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Event"
      }
     }
    },
    "required": [
     "id",
     "height",
     "index",
     "code",
     "fee",
     "events"
    ]
   },
   "Transaction": {
    "type": "object",
    "properties": {
     "id": {
      "$ref": "#/components/schemas/Hash"
     },
     "status": {
      "enum": [
       "pending",
       "committed",
       "unknown"
      ]
     },
     "receipt": {
      "$ref": "#/components/schemas/Receipt"
     }
    },
    "required": [
     "id",
     "status"
    ]
   },
   "Receipts": {
    "type": "object",
    "properties": {
     "receipts": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Transaction"
      }
     }
    },
    "required": [
     "receipts"
    ]
   },
   "ReceiptQuery": {
    "type": "object",
    "properties": {
     "ids": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Hash"
      },
      "maxItems": 10000
     }
    },
    "required": [
     "ids"
    ]
   },
   "ReceiptProof": {
    "type": "object",
    "properties": {
     "receiptProof": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Bytes"
       }
      ],
      "description": "Encoded jupiter.v1.ReceiptProof."
     }
    },
    "required": [
     "receiptProof"
    ]
   },
   "StateValue": {
    "type": "object",
    "properties": {
     "height": {
      "type": "integer",
      "minimum": 0,
      "description": "The state is that after this block; header height+1 proves it."
     },
     "value": {
      "$ref": "#/components/schemas/Bytes"
     },
     "proof": {
      "$ref": "#/components/schemas/Bytes"
     }
    },
    "required": [
     "height"
    ]
   },
   "Account": {
    "type": "object",
    "properties": {
     "address": {
      "$ref": "#/components/schemas/Address"
     },
     "nonce": {
      "type": "integer",
      "minimum": 0,
      "description": "The nonce used last; 0 on a new account."
     },
     "balance": {
      "$ref": "#/components/schemas/Amount"
     },
     "pendingNonce": {
      "type": "integer",
      "minimum": 0,
      "description": "The nonce for the next transaction, after those that wait."
     }
    },
    "required": [
     "address",
     "nonce",
     "balance",
     "pendingNonce"
    ]
   },
   "Metadata": {
    "type": "object",
    "properties": {
     "name": {
      "type": "string"
     },
     "createdBy": {
      "type": "string"
     },
     "dateCreated": {
      "type": "string"
     },
     "contentType": {
      "type": "string"
     },
     "description": {
      "type": "string"
     },
     "encoding": {
      "type": "string"
     },
     "language": {
      "type": "string"
     },
     "licence": {
      "type": "string"
     }
    },
    "required": [
     "name",
     "createdBy",
     "dateCreated",
     "contentType",
     "description",
     "encoding",
     "language",
     "licence"
    ]
   },
   "Dataset": {
    "type": "object",
    "properties": {
     "dataset": {
      "type": "string"
     },
     "owner": {
      "$ref": "#/components/schemas/Address"
     },
     "metadata": {
      "$ref": "#/components/schemas/Metadata"
     },
     "schema": {
      "$ref": "#/components/schemas/Bytes"
     },
     "schemaVersion": {
      "type": "integer",
      "minimum": 0
     },
     "residency": {
      "enum": [
       "local",
       "results",
       "listed",
       "unknown"
      ]
     },
     "minimumCohort": {
      "type": "integer",
      "minimum": 0
     },
     "height": {
      "type": "integer",
      "minimum": 0
     },
     "demand": {
      "$ref": "#/components/schemas/Demand"
     }
    },
    "required": [
     "dataset",
     "owner",
     "metadata",
     "schema",
     "schemaVersion",
     "residency",
     "minimumCohort",
     "height"
    ]
   },
   "Program": {
    "type": "object",
    "properties": {
     "codeHash": {
      "$ref": "#/components/schemas/Hash"
     },
     "manifest": {
      "type": "object",
      "properties": {
       "name": {
        "type": "string"
       },
       "version": {
        "type": "string"
       },
       "kind": {
        "enum": [
         "assessment",
         "subscription",
         "unknown"
        ]
       },
       "description": {
        "type": "string"
       },
       "outputSchema": {
        "$ref": "#/components/schemas/Bytes"
       },
       "fuel": {
        "type": "integer",
        "minimum": 0
       },
       "maximumOutput": {
        "type": "integer",
        "minimum": 0
       }
      },
      "required": [
       "name",
       "version",
       "kind",
       "description",
       "outputSchema",
       "fuel",
       "maximumOutput"
      ]
     },
     "publisher": {
      "$ref": "#/components/schemas/Address"
     },
     "commitment": {
      "$ref": "#/components/schemas/Hash"
     },
     "height": {
      "type": "integer",
      "minimum": 0
     }
    },
    "required": [
     "codeHash",
     "manifest",
     "publisher",
     "height"
    ]
   },
   "Enclave": {
    "type": "object",
    "properties": {
     "id": {
      "$ref": "#/components/schemas/Hash"
     },
     "platform": {
      "type": "string"
     },
     "label": {
      "type": "string",
      "description": "What its evidence honestly shows: simulated, tpm (software), sev-snp (Genoa)."
     },
     "simulated": {
      "type": "boolean"
     },
     "assurance": {
      "enum": [
       "none",
       "measured",
       "confidential"
      ]
     },
     "status": {
      "enum": [
       "active",
       "suspended",
       "unknown"
      ]
     },
     "suspension": {
      "type": "string",
      "description": "Why it is suspended."
     },
     "expires": {
      "type": "integer",
      "minimum": 0,
      "description": "Milliseconds of block time at which its evidence is too old."
     },
     "machine": {
      "type": "string"
     },
     "evidenceHash": {
      "$ref": "#/components/schemas/Hash"
     },
     "challengeHeight": {
      "type": "integer",
      "minimum": 0,
      "description": "The block that its newest evidence answers."
     },
     "signingKey": {
      "$ref": "#/components/schemas/Hash"
     },
     "vaultKey": {
      "type": "object",
      "properties": {
       "suite": {
        "enum": [
         "x25519",
         "xwing",
         "unknown"
        ]
       },
       "key": {
        "$ref": "#/components/schemas/Bytes"
       }
      },
      "required": [
       "suite",
       "key"
      ]
     },
     "measurement": {
      "$ref": "#/components/schemas/Hash"
     },
     "operator": {
      "$ref": "#/components/schemas/Address"
     },
     "anchorNonce": {
      "$ref": "#/components/schemas/Hash"
     },
     "vaultVersion": {
      "type": "integer",
      "minimum": 0
     },
     "vaultRoot": {
      "$ref": "#/components/schemas/Hash"
     },
     "height": {
      "type": "integer",
      "minimum": 0
     },
     "vault": {
      "$ref": "#/components/schemas/Hash"
     }
    },
    "required": [
     "id",
     "platform",
     "simulated",
     "assurance",
     "status",
     "signingKey",
     "vaultKey",
     "measurement",
     "operator",
     "vaultVersion",
     "height",
     "label",
     "challengeHeight"
    ]
   },
   "Locality": {
    "type": "object",
    "properties": {
     "chainId": {
      "type": "string"
     },
     "genesisHash": {
      "$ref": "#/components/schemas/Hash"
     },
     "profile": {
      "enum": [
       "byzantine",
       "crash",
       "unknown"
      ]
     },
     "engine": {
      "enum": [
       "simplex",
       "cometbft",
       "unknown"
      ],
      "description": "Which engine decides the blocks, and so what makes a header final."
     },
     "height": {
      "type": "integer",
      "minimum": 0
     },
     "headerHash": {
      "$ref": "#/components/schemas/Hash"
     },
     "time": {
      "$ref": "#/components/schemas/Time"
     },
     "epoch": {
      "type": "integer",
      "minimum": 0
     },
     "stateRoot": {
      "$ref": "#/components/schemas/Hash"
     },
     "checkpoints": {
      "type": "integer",
      "minimum": 0
     }
    },
    "required": [
     "chainId",
     "genesisHash",
     "profile",
     "engine",
     "height",
     "headerHash",
     "time",
     "epoch",
     "stateRoot",
     "checkpoints"
    ]
   },
   "Record": {
    "type": "object",
    "properties": {
     "record": {
      "$ref": "#/components/schemas/Hash"
     },
     "dataset": {
      "type": "string"
     },
     "owner": {
      "$ref": "#/components/schemas/Address"
     },
     "schemaVersion": {
      "type": "integer",
      "minimum": 0
     },
     "commitment": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Hash"
       }
      ],
      "description": "Of the ciphertext: its name at /v1/sidecars/{hash}."
     },
     "size": {
      "type": "integer",
      "minimum": 0
     },
     "keyIndex": {
      "type": "integer",
      "minimum": 0
     },
     "status": {
      "enum": [
       "live",
       "erased",
       "unknown"
      ]
     },
     "height": {
      "type": "integer",
      "minimum": 0
     },
     "keyEpoch": {
      "type": "integer",
      "minimum": 0,
      "description": "Which of the subject's keys it is encrypted under."
     }
    },
    "required": [
     "record",
     "dataset",
     "owner",
     "schemaVersion",
     "size",
     "keyIndex",
     "status",
     "height",
     "keyEpoch"
    ]
   },
   "ConsentScope": {
    "type": "object",
    "properties": {
     "recipient": {
      "$ref": "#/components/schemas/Address"
     },
     "dataset": {
      "type": "string"
     },
     "fields": {
      "type": "array",
      "items": {
       "type": "string"
      }
     },
     "purpose": {
      "type": "string",
      "description": "A term of the W3C Data Privacy Vocabulary."
     },
     "programs": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Hash"
      }
     },
     "validFrom": {
      "$ref": "#/components/schemas/Time"
     },
     "validUntil": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Time"
       }
      ],
      "description": "The first millisecond at which it no longer holds."
     },
     "maximumUses": {
      "type": "integer",
      "minimum": 0
     },
     "price": {
      "$ref": "#/components/schemas/Amount"
     },
     "localities": {
      "type": "array",
      "items": {
       "type": "string"
      }
     },
     "noticeHash": {
      "$ref": "#/components/schemas/Hash"
     },
     "language": {
      "type": "string"
     },
     "legalBasis": {
      "type": "string"
     },
     "retention": {
      "type": "integer",
      "minimum": 0,
      "description": "Seconds after a use."
     },
     "onwardSharing": {
      "type": "boolean"
     },
     "maximumOutputBytes": {
      "type": "integer",
      "minimum": 0,
      "description": "Bytes of all results together; 0: bounded by uses and programs alone."
     }
    },
    "required": [
     "recipient",
     "dataset",
     "fields",
     "purpose",
     "programs",
     "validFrom",
     "validUntil",
     "maximumUses",
     "price",
     "localities",
     "language",
     "legalBasis",
     "retention",
     "onwardSharing",
     "maximumOutputBytes"
    ]
   },
   "Consent": {
    "type": "object",
    "properties": {
     "grant": {
      "$ref": "#/components/schemas/Hash"
     },
     "subject": {
      "$ref": "#/components/schemas/Address"
     },
     "scope": {
      "$ref": "#/components/schemas/ConsentScope"
     },
     "status": {
      "enum": [
       "active",
       "suspended",
       "withdrawn",
       "exhausted",
       "unknown"
      ]
     },
     "version": {
      "type": "integer",
      "minimum": 0
     },
     "uses": {
      "type": "integer",
      "minimum": 0
     },
     "outputBytes": {
      "type": "integer",
      "minimum": 0,
      "description": "Charged against the scope's output budget, if it has one."
     },
     "transactionId": {
      "$ref": "#/components/schemas/Hash"
     },
     "height": {
      "type": "integer",
      "minimum": 0
     }
    },
    "required": [
     "grant",
     "subject",
     "scope",
     "status",
     "version",
     "uses",
     "outputBytes",
     "transactionId",
     "height"
    ]
   },
   "SealedMessage": {
    "type": "object",
    "properties": {
     "suite": {
      "enum": [
       "x25519",
       "xwing",
       "unknown"
      ]
     },
     "encapsulatedKey": {
      "$ref": "#/components/schemas/Bytes"
     },
     "ciphertext": {
      "$ref": "#/components/schemas/Bytes"
     }
    },
    "required": [
     "suite",
     "encapsulatedKey",
     "ciphertext"
    ]
   },
   "Assessment": {
    "type": "object",
    "properties": {
     "id": {
      "$ref": "#/components/schemas/Hash"
     },
     "requester": {
      "$ref": "#/components/schemas/Address"
     },
     "request": {
      "type": "object",
      "properties": {
       "subject": {
        "$ref": "#/components/schemas/Address"
       },
       "grant": {
        "$ref": "#/components/schemas/Hash"
       },
       "dataset": {
        "type": "string"
       },
       "program": {
        "$ref": "#/components/schemas/Hash"
       },
       "purpose": {
        "type": "string"
       },
       "fields": {
        "type": "array",
        "items": {
         "type": "string"
        }
       },
       "deadline": {
        "$ref": "#/components/schemas/Time"
       },
       "price": {
        "$ref": "#/components/schemas/Amount"
       },
       "enclaves": {
        "type": "array",
        "items": {
         "$ref": "#/components/schemas/Hash"
        },
        "description": "Those that the request names."
       }
      },
      "required": [
       "subject",
       "grant",
       "dataset",
       "program",
       "purpose",
       "fields",
       "deadline",
       "price",
       "enclaves"
      ]
     },
     "transactionId": {
      "$ref": "#/components/schemas/Hash"
     },
     "messageIndex": {
      "type": "integer",
      "minimum": 0
     },
     "status": {
      "enum": [
       "pending",
       "committed",
       "opened",
       "refunded",
       "refused",
       "unknown"
      ]
     },
     "useNumber": {
      "type": "integer",
      "minimum": 0
     },
     "grantVersion": {
      "type": "integer",
      "minimum": 0
     },
     "height": {
      "type": "integer",
      "minimum": 0
     },
     "enclave": {
      "$ref": "#/components/schemas/Hash"
     },
     "commitment": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Hash"
       }
      ],
      "description": "Of the sealed result: its name at /v1/sidecars/{hash}."
     },
     "committedHeight": {
      "type": "integer",
      "minimum": 0
     },
     "keyBox": {
      "$ref": "#/components/schemas/SealedMessage"
     },
     "refusalCode": {
      "type": "integer",
      "minimum": 0
     },
     "refusalName": {
      "type": "string"
     },
     "openedHeight": {
      "type": "integer",
      "minimum": 0
     },
     "demand": {
      "$ref": "#/components/schemas/Demand"
     },
     "confirmedBy": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Hash"
      }
     },
     "disputedBy": {
      "$ref": "#/components/schemas/Hash"
     }
    },
    "required": [
     "id",
     "requester",
     "request",
     "transactionId",
     "messageIndex",
     "status",
     "useNumber",
     "grantVersion",
     "height",
     "committedHeight",
     "refusalCode",
     "openedHeight",
     "confirmedBy"
    ]
   },
   "Subscription": {
    "type": "object",
    "properties": {
     "id": {
      "$ref": "#/components/schemas/Hash"
     },
     "requester": {
      "$ref": "#/components/schemas/Address"
     },
     "request": {
      "type": "object",
      "properties": {
       "dataset": {
        "type": "string"
       },
       "program": {
        "$ref": "#/components/schemas/Hash"
       },
       "purpose": {
        "type": "string"
       },
       "fields": {
        "type": "array",
        "items": {
         "type": "string"
        }
       },
       "minimumCohort": {
        "type": "integer",
        "minimum": 0
       },
       "maximumCohort": {
        "type": "integer",
        "minimum": 0
       },
       "deadline": {
        "$ref": "#/components/schemas/Time"
       },
       "price": {
        "$ref": "#/components/schemas/Amount"
       }
      },
      "required": [
       "dataset",
       "program",
       "purpose",
       "fields",
       "minimumCohort",
       "maximumCohort",
       "deadline",
       "price"
      ]
     },
     "transactionId": {
      "$ref": "#/components/schemas/Hash"
     },
     "messageIndex": {
      "type": "integer",
      "minimum": 0
     },
     "status": {
      "enum": [
       "pending",
       "committed",
       "opened",
       "refunded",
       "refused",
       "unknown"
      ]
     },
     "height": {
      "type": "integer",
      "minimum": 0
     },
     "enclave": {
      "$ref": "#/components/schemas/Hash"
     },
     "commitment": {
      "$ref": "#/components/schemas/Hash"
     },
     "runHeight": {
      "type": "integer",
      "minimum": 0
     },
     "cohort": {
      "type": "integer",
      "minimum": 0
     },
     "committedHeight": {
      "type": "integer",
      "minimum": 0
     },
     "keyBox": {
      "$ref": "#/components/schemas/SealedMessage"
     },
     "refusalCode": {
      "type": "integer",
      "minimum": 0
     },
     "refusalName": {
      "type": "string"
     },
     "openedHeight": {
      "type": "integer",
      "minimum": 0
     },
     "grantsHash": {
      "$ref": "#/components/schemas/Hash"
     }
    },
    "required": [
     "id",
     "requester",
     "request",
     "transactionId",
     "messageIndex",
     "status",
     "height",
     "runHeight",
     "cohort",
     "committedHeight",
     "refusalCode",
     "openedHeight"
    ]
   },
   "Datasets": {
    "type": "object",
    "properties": {
     "datasets": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Dataset"
      }
     },
     "next": {
      "anyOf": [
       {
        "type": "string"
       },
       {
        "type": "null"
       }
      ],
      "description": "The parameter after for the next page; null on the last."
     }
    },
    "required": [
     "datasets"
    ]
   },
   "Programs": {
    "type": "object",
    "properties": {
     "programs": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Program"
      }
     },
     "next": {
      "anyOf": [
       {
        "type": "string"
       },
       {
        "type": "null"
       }
      ],
      "description": "The parameter after for the next page; null on the last."
     }
    },
    "required": [
     "programs"
    ]
   },
   "Enclaves": {
    "type": "object",
    "properties": {
     "enclaves": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Enclave"
      }
     },
     "next": {
      "anyOf": [
       {
        "type": "string"
       },
       {
        "type": "null"
       }
      ],
      "description": "The parameter after for the next page; null on the last."
     }
    },
    "required": [
     "enclaves"
    ]
   },
   "Localities": {
    "type": "object",
    "properties": {
     "localities": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Locality"
      }
     },
     "next": {
      "anyOf": [
       {
        "type": "string"
       },
       {
        "type": "null"
       }
      ],
      "description": "The parameter after for the next page; null on the last."
     }
    },
    "required": [
     "localities"
    ]
   },
   "Records": {
    "type": "object",
    "properties": {
     "records": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Record"
      }
     },
     "next": {
      "anyOf": [
       {
        "type": "string"
       },
       {
        "type": "null"
       }
      ],
      "description": "The parameter after for the next page; null on the last."
     }
    },
    "required": [
     "records"
    ]
   },
   "Consents": {
    "type": "object",
    "properties": {
     "consents": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Consent"
      }
     },
     "next": {
      "anyOf": [
       {
        "type": "string"
       },
       {
        "type": "null"
       }
      ],
      "description": "The parameter after for the next page; null on the last."
     }
    },
    "required": [
     "consents"
    ]
   },
   "Erasure": {
    "type": "object",
    "properties": {
     "id": {
      "$ref": "#/components/schemas/Hash"
     },
     "subject": {
      "$ref": "#/components/schemas/Address"
     },
     "kind": {
      "enum": [
       "record",
       "dataset",
       "subject",
       "unknown"
      ]
     },
     "dataset": {
      "anyOf": [
       {
        "type": "string"
       },
       {
        "type": "null"
       }
      ]
     },
     "record": {
      "anyOf": [
       {
        "$ref": "#/components/schemas/Hash"
       },
       {
        "type": "null"
       }
      ]
     },
     "sequence": {
      "type": "integer",
      "minimum": 0,
      "description": "Its entry of the puncture log."
     },
     "status": {
      "enum": [
       "pending",
       "complete",
       "unknown"
      ]
     },
     "height": {
      "type": "integer",
      "minimum": 0
     },
     "time": {
      "type": "integer",
      "minimum": 0
     },
     "deadline": {
      "type": "integer",
      "minimum": 0,
      "description": "Enclaves that have not signed by then are suspended; milliseconds since 1970."
     },
     "records": {
      "type": "integer",
      "minimum": 0,
      "description": "Ciphertexts let go of so far."
     },
     "sweeping": {
      "type": "boolean",
      "description": "Ciphertexts are still to be let go of."
     },
     "vaults": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Hash"
      }
     },
     "acknowledgements": {
      "type": "array",
      "items": {
       "type": "object",
       "properties": {
        "enclave": {
         "$ref": "#/components/schemas/Hash"
        },
        "sequence": {
         "type": "integer",
         "minimum": 0
        },
        "vaultVersion": {
         "type": "integer",
         "minimum": 0
        },
        "recoveryEpoch": {
         "type": "integer",
         "minimum": 0
        },
        "height": {
         "type": "integer",
         "minimum": 0
        }
       },
       "required": [
        "enclave",
        "sequence",
        "vaultVersion",
        "recoveryEpoch",
        "height"
       ]
      }
     },
     "suspended": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Hash"
      },
      "description": "Enclaves that stayed silent."
     },
     "exports": {
      "type": "array",
      "items": {
       "type": "object",
       "properties": {
        "grant": {
         "$ref": "#/components/schemas/Hash"
        },
        "recipient": {
         "$ref": "#/components/schemas/Address"
        },
        "height": {
         "type": "integer",
         "minimum": 0
        }
       },
       "required": [
        "grant",
        "recipient",
        "height"
       ]
      },
      "description": "Who was given a key before: outside the promise."
     },
     "recoveryEpoch": {
      "type": "integer",
      "minimum": 0
     },
     "shareHolders": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Address"
      }
     },
     "restsOn": {
      "enum": [
       "keysAndPruning",
       "keysAlone"
      ],
      "description": "What the erasure rests on once it is complete: the destroyed keys and that nodes prune the ciphertext, or, where another engine keeps the blocks, the keys alone."
     },
     "completedHeight": {
      "anyOf": [
       {
        "type": "integer",
        "minimum": 0
       },
       {
        "type": "null"
       }
      ]
     }
    },
    "required": [
     "id",
     "subject",
     "kind",
     "sequence",
     "status",
     "height",
     "time",
     "deadline",
     "records",
     "sweeping",
     "vaults",
     "acknowledgements",
     "suspended",
     "exports",
     "recoveryEpoch",
     "shareHolders",
     "restsOn"
    ]
   },
   "Erasures": {
    "type": "object",
    "properties": {
     "erasures": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Erasure"
      }
     },
     "next": {
      "anyOf": [
       {
        "type": "string"
       },
       {
        "type": "null"
       }
      ],
      "description": "The parameter after for the next page; null on the last."
     }
    },
    "required": [
     "erasures"
    ]
   },
   "Assessments": {
    "type": "object",
    "properties": {
     "assessments": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Assessment"
      }
     },
     "next": {
      "anyOf": [
       {
        "type": "string"
       },
       {
        "type": "null"
       }
      ],
      "description": "The parameter after for the next page; null on the last."
     }
    },
    "required": [
     "assessments"
    ]
   },
   "Subscriptions": {
    "type": "object",
    "properties": {
     "subscriptions": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Subscription"
      }
     },
     "next": {
      "anyOf": [
       {
        "type": "string"
       },
       {
        "type": "null"
       }
      ],
      "description": "The parameter after for the next page; null on the last."
     }
    },
    "required": [
     "subscriptions"
    ]
   },
   "Enrolments": {
    "type": "object",
    "properties": {
     "enrolments": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Bytes"
      },
      "minItems": 1,
      "maxItems": 1000,
      "description": "Encoded jupiter.v1.SealedMessage each, sealed to the enclave's vault key."
     }
    },
    "required": [
     "enrolments"
    ]
   },
   "EnrolmentOutcomes": {
    "type": "object",
    "properties": {
     "outcomes": {
      "type": "array",
      "items": {
       "type": "object",
       "properties": {
        "subject": {
         "type": "string"
        },
        "dataset": {
         "type": "string"
        },
        "commitment": {
         "$ref": "#/components/schemas/Hash"
        },
        "vaultVersion": {
         "type": "integer",
         "minimum": 0
        },
        "receipt": {
         "$ref": "#/components/schemas/Bytes"
        },
        "error": {
         "$ref": "#/components/schemas/ErrorDetail"
        },
        "keyEpoch": {
         "type": "integer",
         "minimum": 0
        }
       },
       "required": [
        "subject",
        "dataset",
        "vaultVersion",
        "receipt",
        "keyEpoch"
       ]
      }
     }
    },
    "required": [
     "outcomes"
    ]
   },
   "PendingChange": {
    "type": "object",
    "properties": {
     "validator": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Hash"
       }
      ],
      "description": "The validator's key."
     },
     "status": {
      "enum": [
       "joining",
       "active",
       "rejoining",
       "leaving",
       "jailed",
       "left",
       "unknown"
      ]
     },
     "from": {
      "type": "integer",
      "minimum": 0,
      "description": "Voting weight now."
     },
     "to": {
      "type": "integer",
      "minimum": 0,
      "description": "Voting weight at the end of the way."
     },
     "epoch": {
      "type": "integer",
      "minimum": 0,
      "description": "The epoch from which on it holds, when nothing else is decided; missing when it waits for something else."
     }
    },
    "required": [
     "validator",
     "status",
     "from",
     "to"
    ]
   },
   "Consensus": {
    "type": "object",
    "properties": {
     "validator": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Hash"
       }
      ],
      "description": "The key of this node's validator."
     },
     "epoch": {
      "type": "integer",
      "minimum": 0
     },
     "view": {
      "type": "integer",
      "minimum": 0
     },
     "leader": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Hash"
       }
      ],
      "description": "The key of the present view's leader."
     },
     "votes": {
      "type": "boolean",
      "description": "Whether this node votes in the present epoch; it follows otherwise."
     },
     "timeouts": {
      "type": "integer",
      "minimum": 0,
      "description": "Views given up since the start."
     },
     "proposals": {
      "type": "integer",
      "minimum": 0,
      "description": "Blocks proposed since the start."
     },
     "equivocations": {
      "type": "integer",
      "minimum": 0,
      "description": "Contradicting votes of others that were seen since the start."
     }
    },
    "required": [
     "epoch",
     "view",
     "votes",
     "timeouts",
     "proposals",
     "equivocations"
    ]
   },
   "Sync": {
    "type": "object",
    "properties": {
     "state": {
      "enum": [
       "current",
       "blocks",
       "state",
       "sidecars",
       "stranded"
      ],
      "description": "Whether the head is the chain's, or what is fetched from peers; stranded when most peers lack the next block."
     },
     "target": {
      "type": "integer",
      "minimum": 0,
      "description": "The greatest height that a peer told, while behind it."
     }
    },
    "required": [
     "state"
    ]
   },
   "Validator": {
    "type": "object",
    "properties": {
     "key": {
      "$ref": "#/components/schemas/Hash"
     },
     "account": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Address"
       }
      ],
      "description": "The account that answers for it."
     },
     "nodeId": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Hash"
       }
      ],
      "description": "SHA-256 of its certificate's public key."
     },
     "endpoint": {
      "type": "string",
      "description": "host:port."
     },
     "status": {
      "enum": [
       "joining",
       "active",
       "rejoining",
       "leaving",
       "jailed",
       "left",
       "unknown"
      ]
     },
     "statusEpoch": {
      "type": "integer",
      "minimum": 0,
      "description": "Since which the status holds."
     },
     "votingWeight": {
      "type": "integer",
      "minimum": 0,
      "description": "In the present set."
     },
     "grantedWeight": {
      "type": "integer",
      "minimum": 0,
      "description": "By governance; the voting weight moves there at ends of epochs."
     },
     "leaderWeight": {
      "type": "integer",
      "minimum": 0,
      "description": "By governance."
     },
     "leaderScore": {
      "type": "integer",
      "minimum": 1,
      "maximum": 16,
      "description": "By service as leader."
     },
     "presentLeaderWeight": {
      "type": "integer",
      "minimum": 0,
      "description": "What it leads with in the present epoch."
     },
     "votesFrom": {
      "type": "integer",
      "minimum": 0,
      "description": "The first epoch in which it may vote."
     },
     "log": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Hash"
       }
      ],
      "description": "The log that it votes with since it last rejoined."
     },
     "proposals": {
      "type": "integer",
      "minimum": 0,
      "description": "Final blocks that it proposed."
     },
     "missed": {
      "type": "integer",
      "minimum": 0,
      "description": "Views that passed without a block under its lead."
     }
    },
    "required": [
     "key",
     "account",
     "status",
     "statusEpoch",
     "votingWeight",
     "grantedWeight",
     "leaderWeight",
     "leaderScore",
     "presentLeaderWeight",
     "votesFrom",
     "proposals",
     "missed"
    ]
   },
   "Validators": {
    "type": "object",
    "properties": {
     "height": {
      "type": "integer",
      "minimum": 0,
      "description": "All of this is the state after this block."
     },
     "epoch": {
      "type": "integer",
      "minimum": 0,
      "description": "Of the next block."
     },
     "epochFirstHeight": {
      "type": "integer",
      "minimum": 0
     },
     "changeWaits": {
      "type": "boolean",
      "description": "Whether the epoch ends early because something waits for its end."
     },
     "profile": {
      "enum": [
       "byzantine",
       "crash"
      ]
     },
     "totalWeight": {
      "type": "integer",
      "minimum": 0
     },
     "quorumWeight": {
      "type": "integer",
      "minimum": 0,
      "description": "The least weight that makes a block final and decides a proposal."
     },
     "validators": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Validator"
      }
     },
     "pending": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/PendingChange"
      }
     },
     "parametersChange": {
      "type": "boolean",
      "description": "Whether other parameters hold from the next epoch on."
     }
    },
    "required": [
     "height",
     "epoch",
     "epochFirstHeight",
     "changeWaits",
     "profile",
     "totalWeight",
     "quorumWeight",
     "validators",
     "pending",
     "parametersChange"
    ]
   },
   "Peer": {
    "type": "object",
    "properties": {
     "nodeId": {
      "$ref": "#/components/schemas/Hash"
     },
     "validator": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Hash"
       }
      ],
      "description": "The key of the validator that it runs."
     },
     "endpoint": {
      "type": "string"
     },
     "connected": {
      "type": "boolean"
     },
     "direction": {
      "enum": [
       "dialled",
       "accepted"
      ]
     },
     "height": {
      "type": "integer",
      "minimum": 0,
      "description": "The newest block that it said it has."
     },
     "roundTripMicroseconds": {
      "type": "integer",
      "minimum": 0
     },
     "sentBytes": {
      "type": "integer",
      "minimum": 0
     },
     "receivedBytes": {
      "type": "integer",
      "minimum": 0
     },
     "queuedFrames": {
      "type": "integer",
      "minimum": 0
     },
     "queuedBytes": {
      "type": "integer",
      "minimum": 0
     },
     "droppedFrames": {
      "type": "integer",
      "minimum": 0,
      "description": "Frames that gave way to newer ones on the present connection."
     },
     "bannedForMilliseconds": {
      "type": "integer",
      "minimum": 0,
      "description": "For how long it is refused because it broke the protocol."
     },
     "lastError": {
      "type": "string",
      "description": "Why the last connection or attempt ended."
     }
    },
    "required": [
     "nodeId",
     "endpoint",
     "connected",
     "sentBytes",
     "receivedBytes",
     "queuedFrames",
     "queuedBytes",
     "droppedFrames"
    ]
   },
   "Peers": {
    "type": "object",
    "properties": {
     "nodeId": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Hash"
       }
      ],
      "description": "By which other nodes know this one."
     },
     "peers": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Peer"
      }
     }
    },
    "required": [
     "peers"
    ]
   },
   "Parameters": {
    "type": "object",
    "properties": {
     "minimumFee": {
      "type": "integer",
      "minimum": 0
     },
     "maximumBlockBytes": {
      "type": "integer",
      "minimum": 0
     },
     "maximumBlockTransactions": {
      "type": "integer",
      "minimum": 0
     },
     "maximumValidityWindow": {
      "type": "integer",
      "minimum": 0
     },
     "maximumSidecarBytes": {
      "type": "integer",
      "minimum": 0
     },
     "idleInterval": {
      "type": "integer",
      "minimum": 0
     },
     "subscriptionWindow": {
      "type": "integer",
      "minimum": 0
     },
     "epochLength": {
      "type": "integer",
      "minimum": 0
     },
     "epochMinimum": {
      "type": "integer",
      "minimum": 0
     },
     "leaderStep": {
      "type": "integer",
      "minimum": 0
     }
    },
    "required": [
     "minimumFee",
     "maximumBlockBytes",
     "maximumBlockTransactions",
     "maximumValidityWindow",
     "maximumSidecarBytes",
     "idleInterval",
     "subscriptionWindow",
     "epochLength",
     "epochMinimum",
     "leaderStep"
    ]
   },
   "ChainParameters": {
    "type": "object",
    "properties": {
     "present": {
      "$ref": "#/components/schemas/Parameters"
     },
     "next": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Parameters"
       }
      ],
      "description": "From the next epoch on, when something else is decided."
     }
    },
    "required": [
     "present"
    ]
   },
   "Change": {
    "type": "object",
    "properties": {
     "kind": {
      "enum": [
       "addValidator",
       "removeValidator",
       "setVotingWeight",
       "unjail",
       "setParameters",
       "addReferenceValue",
       "revokeReferenceValue",
       "setAttestationRules",
       "suspendEnclaves",
       "resumeEnclave",
       "setRecoveryHolders",
       "unknown"
      ]
     },
     "validator": {
      "$ref": "#/components/schemas/Hash"
     },
     "account": {
      "$ref": "#/components/schemas/Address"
     },
     "nodeId": {
      "$ref": "#/components/schemas/Hash"
     },
     "endpoint": {
      "type": "string"
     },
     "votingWeight": {
      "type": "integer",
      "minimum": 0
     },
     "leaderWeight": {
      "type": "integer",
      "minimum": 0
     },
     "parameters": {
      "$ref": "#/components/schemas/Parameters"
     },
     "platform": {
      "type": "string"
     },
     "measurement": {
      "$ref": "#/components/schemas/Hash"
     },
     "enclave": {
      "$ref": "#/components/schemas/Hash"
     }
    },
    "required": [
     "kind"
    ]
   },
   "Proposal": {
    "type": "object",
    "properties": {
     "id": {
      "$ref": "#/components/schemas/Hash"
     },
     "proposer": {
      "$ref": "#/components/schemas/Address"
     },
     "change": {
      "$ref": "#/components/schemas/Change"
     },
     "expires": {
      "type": "integer",
      "minimum": 0,
      "description": "The last height at which it can be voted for."
     },
     "status": {
      "enum": [
       "open",
       "passed",
       "rejected",
       "expired",
       "failed",
       "unknown"
      ]
     },
     "votes": {
      "type": "array",
      "items": {
       "type": "object",
       "properties": {
        "validator": {
         "$ref": "#/components/schemas/Hash"
        },
        "agrees": {
         "type": "boolean"
        }
       },
       "required": [
        "validator",
        "agrees"
       ]
      }
     },
     "weightFor": {
      "type": "integer",
      "minimum": 0,
      "description": "Weight of those who agree, in the present set."
     },
     "weightAgainst": {
      "type": "integer",
      "minimum": 0
     },
     "quorumWeight": {
      "type": "integer",
      "minimum": 0,
      "description": "What decides."
     },
     "height": {
      "type": "integer",
      "minimum": 0,
      "description": "Of the proposal."
     },
     "decidedHeight": {
      "type": "integer",
      "minimum": 0
     },
     "failure": {
      "type": "integer",
      "minimum": 0,
      "description": "The code that says why what was agreed on had become impossible."
     }
    },
    "required": [
     "id",
     "proposer",
     "change",
     "expires",
     "status",
     "votes",
     "weightFor",
     "weightAgainst",
     "quorumWeight",
     "height"
    ]
   },
   "Proposals": {
    "type": "object",
    "properties": {
     "height": {
      "type": "integer",
      "minimum": 0
     },
     "proposals": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Proposal"
      }
     }
    },
    "required": [
     "height",
     "proposals"
    ]
   },
   "Demand": {
    "type": "object",
    "properties": {
     "excludedPlatforms": {
      "type": "array",
      "items": {
       "type": "string"
      }
     },
     "minimumAssurance": {
      "enum": [
       "none",
       "measured",
       "confidential"
      ]
     },
     "confirmations": {
      "type": "integer",
      "minimum": 0,
      "description": "How many enclaves must come to the same result."
     },
     "distinctPlatforms": {
      "type": "boolean"
     },
     "distinctOperators": {
      "type": "boolean"
     }
    },
    "required": [
     "excludedPlatforms",
     "minimumAssurance",
     "confirmations",
     "distinctPlatforms",
     "distinctOperators"
    ],
    "description": "What is demanded of the enclaves that do a job."
   },
   "ReferenceValue": {
    "type": "object",
    "properties": {
     "platform": {
      "type": "string"
     },
     "measurement": {
      "$ref": "#/components/schemas/Hash"
     },
     "description": {
      "type": "string"
     },
     "registers": {
      "type": "array",
      "items": {
       "type": "object",
       "properties": {
        "name": {
         "type": "string"
        },
        "value": {
         "type": "string"
        }
       },
       "required": [
        "name",
        "value"
       ]
      }
     },
     "addedHeight": {
      "type": "integer",
      "minimum": 0
     },
     "activeHeight": {
      "type": "integer",
      "minimum": 0,
      "description": "From this height on enclaves of this build may be given keys."
     },
     "revoked": {
      "type": "boolean"
     }
    },
    "required": [
     "platform",
     "measurement",
     "description",
     "registers",
     "addedHeight",
     "activeHeight",
     "revoked"
    ]
   },
   "Endorsement": {
    "type": "object",
    "properties": {
     "slot": {
      "type": "string",
      "description": "What it is about."
     },
     "number": {
      "type": "integer",
      "minimum": 0,
      "description": "Rises with each newer one."
     },
     "bytes": {
      "type": "integer",
      "minimum": 0
     },
     "height": {
      "type": "integer",
      "minimum": 0
     },
     "expires": {
      "type": "integer",
      "minimum": 0,
      "description": "Milliseconds since 1970 until which the vendor stands by it."
     }
    },
    "required": [
     "slot",
     "number",
     "bytes",
     "height",
     "expires"
    ]
   },
   "AttestationRules": {
    "type": "object",
    "properties": {
     "evidenceLifetime": {
      "type": "integer",
      "minimum": 0
     },
     "measurementDelay": {
      "type": "integer",
      "minimum": 0
     },
     "renewalGrace": {
      "type": "integer",
      "minimum": 0
     },
     "evidenceWindow": {
      "type": "integer",
      "minimum": 0
     },
     "tcbStatuses": {
      "type": "array",
      "items": {
       "type": "string"
      }
     },
     "excludedProductLines": {
      "type": "array",
      "items": {
       "type": "string"
      }
     },
     "excludedPlatforms": {
      "type": "array",
      "items": {
       "type": "string"
      }
     },
     "refusedAdvisories": {
      "type": "array",
      "items": {
       "type": "string"
      }
     },
     "floors": {
      "type": "array",
      "items": {
       "type": "object",
       "properties": {
        "productLine": {
         "type": "string"
        },
        "floor": {
         "type": "string"
        }
       },
       "required": [
        "productLine",
        "floor"
       ]
      }
     },
     "minimumTcbEvaluation": {
      "type": "integer",
      "minimum": 0
     },
     "referenceValuesRequired": {
      "type": "boolean"
     },
     "allowSimulated": {
      "type": "boolean"
     },
     "allowSoftwareTpm": {
      "type": "boolean"
     },
     "requireSeptVeDisable": {
      "type": "boolean"
     },
     "requireAliasCheck": {
      "type": "boolean"
     },
     "maximumVmpl": {
      "type": "integer",
      "minimum": 0
     },
     "tpmRoots": {
      "type": "array",
      "items": {
       "type": "string"
      }
     },
     "attestationKeys": {
      "type": "array",
      "items": {
       "type": "string"
      }
     }
    },
    "required": [
     "evidenceLifetime",
     "measurementDelay",
     "renewalGrace",
     "evidenceWindow",
     "tcbStatuses",
     "excludedProductLines",
     "excludedPlatforms",
     "refusedAdvisories",
     "floors",
     "minimumTcbEvaluation",
     "referenceValuesRequired",
     "allowSimulated",
     "allowSoftwareTpm",
     "requireSeptVeDisable",
     "requireAliasCheck",
     "maximumVmpl",
     "tpmRoots",
     "attestationKeys"
    ]
   },
   "ReferenceValues": {
    "type": "object",
    "properties": {
     "references": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/ReferenceValue"
      }
     },
     "next": {
      "anyOf": [
       {
        "type": "string"
       },
       {
        "type": "null"
       }
      ],
      "description": "The parameter after for the next page; null on the last."
     }
    },
    "required": [
     "references"
    ]
   },
   "Endorsements": {
    "type": "object",
    "properties": {
     "endorsements": {
      "type": "array",
      "items": {
       "$ref": "#/components/schemas/Endorsement"
      }
     },
     "next": {
      "anyOf": [
       {
        "type": "string"
       },
       {
        "type": "null"
       }
      ],
      "description": "The parameter after for the next page; null on the last."
     }
    },
    "required": [
     "endorsements"
    ]
   },
   "EnclaveProof": {
    "type": "object",
    "properties": {
     "enclaveProof": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Bytes"
       }
      ],
      "description": "Encoded jupiter.v1.JobProof with the enclave's parts only; rules, reference value and endorsements are of the state that its header proves. Whoever seals to the enclave checks all of it against the genesis."
     }
    },
    "required": [
     "enclaveProof"
    ]
   },
   "EnclaveSession": {
    "type": "object",
    "properties": {
     "session": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Bytes"
       }
      ],
      "description": "Encoded jupiter.v1.SessionKey: whoever seals checks its signature and nonce against the chain's entry of the enclave."
     }
    },
    "required": [
     "session"
    ]
   },
   "ReplicaRequest": {
    "type": "object",
    "properties": {
     "request": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Bytes"
       }
      ],
      "description": "Encoded jupiter.v1.ExportReplicaCommand: offer, signature and version; this node adds the proofs."
     }
    },
    "required": [
     "request"
    ]
   },
   "ReplicaReply": {
    "type": "object",
    "properties": {
     "reply": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Bytes"
       }
      ],
      "description": "Encoded jupiter.v1.ImportReplicaCommand: the part, sealed to the enclave that asked, and fresh evidence of the source."
     }
    },
    "required": [
     "reply"
    ]
   },
   "RecoveryPackage": {
    "type": "object",
    "properties": {
     "package": {
      "allOf": [
       {
        "$ref": "#/components/schemas/Bytes"
       }
      ],
      "description": "Encoded jupiter.v1.RecoveryPackage."
     }
    },
    "required": [
     "package"
    ]
   },
   "Recovered": {
    "type": "object",
    "properties": {
     "subjectKeys": {
      "type": "integer",
      "minimum": 0,
      "description": "How many subject keys the enclave holds now."
     }
    },
    "required": [
     "subjectKeys"
    ]
   }
  },
  "securitySchemes": {
   "token": {
    "type": "http",
    "scheme": "bearer",
    "description": "Needed when the node has a token file, as it must beyond loopback."
   }
  }
 }
}

"""#
}
