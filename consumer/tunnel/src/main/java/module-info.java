module consumer.tunnel {
    requires org.relay4j.client;
    requires org.relay4j.server;
}
