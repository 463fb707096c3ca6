from simulators.scan import scan_block as scan_block
