module consumer.yamux {
    requires org.relay4j.yamux;
}
